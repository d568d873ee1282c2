"""Images of any folder: organised, grouped with checked labels, converted to .beton, loaded."""

from __future__ import annotations

import time
from pathlib import Path

from inputs import Inputs
from report import Report, rate

from vision_data import (
    Catalog,
    ClassTable,
    ImageFolder,
    Layout,
    convert_group,
    get_ffcv_dataloader,
    link_group,
    write_classes,
)
from vision_data.classes import DataClass, imagenet_classes

NAME = "demo"
RESOLUTION = 96
STEPS = 10


def prepare(source: Inputs, work: Path, group: str, report: Report) -> ImageFolder:
    """Organise the images below a data root, link a group of them, convert it, load it."""
    layout = Layout(work / "data")
    layout.raw(NAME).mkdir(parents=True)
    # The originals stay where they are: a link is all that the data root needs.
    layout.raw(NAME, "train").symlink_to(source.train.resolve(), target_is_directory=True)
    table = class_table(source.train)
    write_classes(layout.raw(NAME), table)
    catalog = Catalog.shipped().with_groups({NAME: {"half": table.ids[::2]}})
    folder = ImageFolder(link_group(NAME, group, root=layout.root, catalog=catalog))
    names = ", ".join(folder.table.name_of(i) for i in folder.table.ids[:5])
    report.say(
        f"Group '{group}': {len(folder.table)} of {len(table)} classes ({names}, ...), "
        f"{len(folder):,} images, linked and not copied; labels from the class table."
    )
    start = time.perf_counter()
    (beton,) = convert_group(NAME, group, root=layout.root, write_mode="jpg", catalog=catalog)
    megabytes = beton.stat().st_size / 1e6
    report.say(f"Wrote {beton.name}, {megabytes:.1f} MB: {rate(len(folder), start, 'images')}.")
    loader = get_ffcv_dataloader(
        beton, batch_size=16, n_timesteps=STEPS, resolution=RESOLUTION, order="random"
    )
    start, count, shape, labels = time.perf_counter(), 0, (), set()
    for frames, targets in loader:
        count, shape = count + len(frames), tuple(frames.shape)
        labels |= set(targets[:, 0].tolist())
    report.say(
        f"Read it back in random order: {rate(count, start, 'images')}, batches up to "
        f"(16, {', '.join(map(str, shape[1:]))}), {len(labels)} classes."
    )
    return folder


def class_table(folder: Path) -> ClassTable:
    """Make the table of the class folders: ImageNet's where they are synsets, else numbered."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if all(name in imagenet_classes() for name in names):
        return ClassTable.of_folders(names)
    return ClassTable(tuple(DataClass(i, name, name) for i, name in enumerate(names)))
