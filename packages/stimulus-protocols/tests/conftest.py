from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch


class Numbered(torch.utils.data.Dataset):
    """Images of one value each: image `i` is all `(i + 1) / 8` and has label `10 * i`."""

    def __init__(self, size: int = 6, dtype: torch.dtype = torch.float32) -> None:
        self.size, self.dtype = size, dtype

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if not 0 <= index < self.size:
            raise IndexError(index)
        value = (index + 1) / 8 if self.dtype.is_floating_point else index + 1
        return torch.full((3, 4, 5), value, dtype=self.dtype), 10 * index


@pytest.fixture(scope="session")
def numbered() -> type[Numbered]:
    return Numbered


@pytest.fixture(autouse=True)
def _global_random_state_is_left_alone() -> Iterator[None]:
    before = _states()
    yield
    assert _states() == before


def _states() -> tuple[object, ...]:
    legacy = np.random.get_state()[1].tobytes()  # noqa: NPY002 - this is what must not change
    return random.getstate(), legacy, torch.get_rng_state().numpy().tobytes()
