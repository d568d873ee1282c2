"""Laws on many random cases: slices, workers, specifications.

- Any frames of any stimulus, also far out in ten million, are the same alone,
  in two pieces, frame by frame, and (where it is short) as a slice of the whole.
- Any number of workers and any batch size presents the same trials.
- A random timeline is the same after YAML and JSON, and so are its hash and its table.

    python random_access.py [--seconds 60] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from stimulus_protocols import (
    Between,
    Choice,
    Flicker,
    Ramp,
    StimulusProtocolDataLoader,
    blank,
    computed,
    image,
    specs,
)
from stimulus_protocols.stimuli import (
    BY_TYPE,
    Chirp,
    GaussianWindow,
    in_turn,
    plaid,
    together,
)
from stimulus_protocols.timeline import Padded, Segment

#: Frames of a stimulus that is only looked at in places. Steps of a walk add up
#: and a cloud is computed for a period, so these two stay short.
LONG, SHORT = 10_000_000, 200


class Stimuli:
    """Random stimuli of every kind."""

    def __init__(self, draw, picture):
        self.draw, self.picture = draw, picture
        self.makers = {name: getattr(self, name) for name in BY_TYPE}

    def size(self):
        integers = self.draw.integers
        height, width, channels = (int(integers(*r)) for r in ((1, 9), (1, 12), (1, 4)))
        aperture = GaussianWindow(sigma_px=3.0) if self.draw.random() < 0.3 else None
        return {
            "frames": LONG if self.draw.random() < 0.5 else SHORT,
            "height": height,
            "width": width,
            "channels": channels,
            "frame_rate_hz": float(self.draw.choice([24.0, 29.97, 60.0])),
            "contrast": float(self.draw.uniform(-1, 1)),
            "aperture": aperture,
        }

    def make(self, name, **parts):
        return BY_TYPE[name](**{**self.size(), **parts})

    def angle(self):
        return float(self.draw.choice([0.0, 90.0, self.draw.uniform(0, 360)]))

    def checks(self):
        some = self.draw.integers(1, 4, 2)
        return {"check_px": int(some[0]), "frames_per_update": int(some[1]), "seed": self.seed()}

    def seed(self):
        return int(self.draw.integers(-(2**40), 2**40))

    def grating(self, **size):
        return self.make(
            "grating",
            spatial_frequency_cpp=float(self.draw.uniform(0, 0.5)),
            temporal_frequency_hz=float(self.draw.choice([0.0, 2.0, self.draw.uniform(0, 12)])),
            direction_deg=self.angle(),
            waveform=str(self.draw.choice(["sine", "square"])),
            **size,
        )

    def moving_bar(self):
        length = None if self.draw.random() < 0.5 else float(self.draw.uniform(1, 9))
        return self.make(
            "moving_bar",
            width_px=float(self.draw.uniform(0.2, 6)),
            speed_px_s=float(self.draw.uniform(0, 80)),
            direction_deg=self.angle(),
            length_px=length,
            frames=SHORT,
        )

    def uniform(self, **size):
        return self.make("uniform", **size)

    def flash(self):
        return self.make("flash", onset_s=float(self.draw.uniform(0, 4)), duration_s=1.3)

    def flickering(self):
        return self.make("flickering", temporal_frequency_hz=float(self.draw.uniform(0.1, 12)))

    def contrast_step(self):
        return self.make("contrast_step", temporal_frequency_hz=3.0, step_s=1.1)

    def chirp(self):
        return self.make("chirp", frame_rate_hz=30.0, frames=Chirp.frames_at(30.0))

    def spot(self):
        return self.make("spot", radius_px=float(self.draw.uniform(0.2, 5)), x_px=1.0, onset_s=1.0)

    def annulus(self):
        return self.make("annulus", radius_px=4.0, inner_px=1.5, duration_s=2.0)

    def looming(self):
        return self.make("looming", l_over_v_s=0.1, collision_s=4.0, distance_px=9.0)

    def white_noise(self):
        kinds = ["gaussian", "binary", "ternary", "uniform"]
        return self.make(
            "white_noise",
            **self.checks(),
            distribution=str(self.draw.choice(kinds)),
            channels_alike=bool(self.draw.random() < 0.5),
        )

    def sparse_noise(self):
        return self.make("sparse_noise", **self.checks())

    def locally_sparse_noise(self):
        return self.make("locally_sparse_noise", **self.checks(), exclusion_checks=2.0)

    def m_sequence(self):
        return self.make("m_sequence", check_px=int(self.draw.integers(1, 4)))

    def pink_noise(self):
        return self.make("pink_noise", frames_per_update=2, seed=self.seed(), height=5, width=7)

    def motion_cloud(self):
        size = {"height": 9, "width": 12, "period_frames": 16, "frame_rate_hz": 60.0}
        return self.make("motion_cloud", seed=self.seed(), **size)

    def random_dots(self):
        lifetime = None if self.draw.random() < 0.3 else 0.2
        return self.make(
            "random_dots", dots=9, coherence=0.5, lifetime_s=lifetime, seed=self.seed()
        )

    def moving_image(self):
        walk = {"speed_px_s": 7.0, "jitter_px": 0.7, "seed": self.seed()}
        return self.make("moving_image", path=self.picture, direction_deg=30, frames=SHORT, **walk)

    def together(self):
        grating = self.grating(frames=SHORT)
        return together(grating, plaid(grating, 90.0))

    def in_turn(self):
        one = self.grating(frames=7, height=4, width=5, channels=1, frame_rate_hz=60.0)
        return in_turn(one, one, one)


def slices(draw, picture, counts):
    """Check a slice of a random stimulus of every kind."""
    for name, make in Stimuli(draw, picture).makers.items():
        stimulus = make()
        start = int(draw.integers(0, stimulus.frames))
        stop = min(start + int(draw.integers(1, 20)), stimulus.frames)
        middle = int(draw.integers(start, stop + 1))
        alone = stimulus.render(start, stop)
        two = [stimulus.render(start, middle), stimulus.render(middle, stop)]
        single = [stimulus.render(k, k + 1) for k in range(start, stop)]
        same = (
            np.array_equal(alone, np.concatenate(two, axis=1)),
            np.array_equal(alone, np.concatenate(single, axis=1)),
            stimulus.frames > SHORT or np.array_equal(alone, stimulus.render()[:, start:stop]),
            specs.from_yaml(specs.to_yaml(stimulus)) == stimulus,
        )
        if not all(same):
            raise SystemExit(f"{same}: frames {start}, {middle}, {stop} of {stimulus!r}")
        counts[name] = counts.get(name, 0) + 1


def segment(draw):
    """Draw a timeline of one part."""
    kind, frames = draw.integers(5), int(draw.integers(0, 5))
    if kind == 0:
        return blank(frames)
    if kind == 1:
        contrast = (0.3, Ramp(start=0.1, stop=1, scale="log"), Flicker(period_frames=3.3))
        return image(frames, int(draw.integers(3)), contrast=contrast[draw.integers(3)])
    if kind == 2:
        return blank(Between(low=frames, high=frames + int(draw.integers(3))), phase="wait")
    if kind == 3:
        return Segment(frames=frames, item=0, jitter_px=1.5, scrambled=bool(draw.integers(2)))
    return computed(BY_TYPE["flash"](frames=5, channels=2, height=3, width=4, onset_s=0.1))


def timeline(draw, depth=0):
    """Draw a timeline of any shape."""
    kind, number = draw.integers(8), int(draw.integers(0, 4))
    if kind < 2 or depth > 4:
        return segment(draw)
    first = timeline(draw, depth + 1)
    if kind == 2:
        return first * number
    if kind == 3:
        return Padded(part=first, frames=len(first) + number)
    if kind == 4:
        return first if first.is_random else first[number:]
    second = timeline(draw, depth + 1)
    if kind == 5:
        return first | second
    return Choice(options=(first, second), weights=(1, 3)) if kind == 6 else first >> second


def same_table(a, b):
    names = ("source", "source_frame", "gain", "shift_x", "shift_y", "label_item", "phase")
    return a.phases == b.phases and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in names
    )


def specifications(draw, counts):
    for _ in range(20):
        made = timeline(draw)
        text = json.dumps(specs.to_data(made))
        key = int(draw.integers(1 << 30))
        for again in (specs.from_yaml(specs.to_yaml(made)), specs.from_data(json.loads(text))):
            table, other = made.resolve(key).table(), again.resolve(key).table()
            if (
                again != made
                or specs.content_hash(again) != specs.content_hash(made)
                or not same_table(table, other)
            ):
                raise SystemExit(f"not the same after writing and reading: {made!r}")
        counts["timelines"] = counts.get("timelines", 0) + 1


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 13

    def __getitem__(self, index):
        return torch.full((2, 3, 4), float(index + 1)), 10 * index


def trials(made, seed, batch_size, workers):
    loader = StimulusProtocolDataLoader(
        Data(),
        made,
        shuffle=True,
        seed=seed,
        lazy=True,
        batch_size=batch_size,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
    )
    rows = []
    for shown in loader:
        lengths = shown.mask.sum(dim=1).tolist()
        for row, labels, length in zip(shown.materialise(), shown.labels, lengths, strict=True):
            rows.append((row[:length].tolist(), labels[:length].tolist()))
    return rows


def workers(draw, counts):
    made, seed = timeline(draw), int(draw.integers(1 << 30))
    expected = trials(made, seed, 1, 0)
    for count in (0, 1, 2):
        batch_size = int(draw.integers(1, 7))
        if trials(made, seed, batch_size, count) != expected:
            raise SystemExit(f"{count} workers, batches of {batch_size}: {made!r}, seed {seed}")
        counts["loaders"] = counts.get("loaders", 0) + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = np.random.Generator(np.random.PCG64(arguments.seed))
    state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002 - to watch it
    counts: dict[str, int] = {}
    end, rounds = time.monotonic() + arguments.seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        picture = str(Path(folder) / "picture.png")
        Image.effect_noise((40, 30), 60).save(picture)
        while time.monotonic() < end:
            slices(draw, picture, counts)
            specifications(draw, counts)
            if rounds % 10 == 0:
                workers(draw, counts)
            rounds += 1
    after = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    if not torch.equal(state[0], after[0]) or state[1] != after[1]:
        raise SystemExit("the global random state has changed")
    print(f"{rounds} rounds, {time.process_time():.0f} CPU s, seed {arguments.seed}: all the same")
    print(counts)


if __name__ == "__main__":
    main()
