"""Images presented over time to a model that is unrolled in time, and a computed stimulus."""

from __future__ import annotations

import time

import torch
from images import RESOLUTION
from report import Report, rate
from torch import nn
from torchvision.transforms import v2

from stimulus_protocols import (
    StimulusDurationDataLoader,
    generate_gratings,
    write_contact_sheet,
    write_gif,
)
from vision_data import ImageFolder

STEPS, INTRO, STIMULUS = 12, 2, 6
EPOCHS = 4


class Recurrent(nn.Module):
    """A convolution whose output is carried from step to step, with a readout at every step."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.see = nn.Conv2d(3, 16, 7, stride=4)
        self.keep = nn.Conv2d(16, 16, 3, padding=1)
        self.read = nn.Linear(16, classes)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Take ``(batch, time, channels, height, width)``, give ``(batch, time, classes)``."""
        state, outputs = None, []
        for frame in frames.unbind(dim=1):
            drive = self.see(frame)
            state = torch.relu(drive if state is None else drive + self.keep(state))
            outputs.append(self.read(state.mean(dim=(2, 3))))
        return torch.stack(outputs, dim=1)


def show(folder: ImageFolder, report: Report) -> None:
    """Present the images, draw one presentation and a grating, train a few steps."""
    folder.transform = v2.Compose(
        [
            v2.Resize(RESOLUTION),
            v2.CenterCrop(RESOLUTION),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    index = {label: i for i, label in enumerate(folder.table.ids)}
    folder.target_transform = index.__getitem__
    loader = StimulusDurationDataLoader(
        folder,
        n_timesteps=STEPS,
        stimulus_duration=STIMULUS,
        intro_duration=INTRO,
        void_value=0.5,
        batch_size=16,
        shuffle=True,
    )
    images, labels = next(iter(loader))
    names = [folder.table.of_id(i).name for i in folder.table.ids]
    captions = [
        f"{step} blank" if label == loader.ignore_index else f"{step} {names[label]}"[:14]
        for step, label in enumerate(labels[0].tolist())
    ]
    path = report.picture(
        "presentation.png",
        f"A presentation of {STEPS} steps: {INTRO} blank, {STIMULUS} of the image, then blank.",
    )
    write_contact_sheet(images[0], path, columns=6, captions=captions, low=0.0, high=1.0)
    train(Recurrent(len(names)), loader, report)
    grating = generate_gratings(
        shape=(1, 30, 96, 96), temporal_frequency=2.0, spatial_frequency=0.05, orientation=45
    )
    path = report.picture(
        "grating.gif",
        "Bars at 45 deg that drift to the lower right: 2 Hz, 0.05 cycles a pixel.",
    )
    write_gif(grating.swapaxes(0, 1), path, frame_rate_hz=30)


def train(model: nn.Module, loader: StimulusDurationDataLoader, report: Report) -> None:
    """Train for a few epochs; blank steps carry the label that the loss leaves out."""
    loss_of = nn.CrossEntropyLoss(ignore_index=loader.ignore_index)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    start, frames, losses = time.perf_counter(), 0, []
    for _ in range(EPOCHS):
        for images, labels in loader:
            loss = loss_of(model(images).flatten(0, 1), labels.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            frames += images.shape[0] * images.shape[1]
            losses.append(loss.item())
    report.say(
        f"{len(losses)} training steps of a recurrent network: {rate(frames, start, 'frames')}, "
        f"loss {losses[0]:.2f} to {losses[-1]:.2f}."
    )
