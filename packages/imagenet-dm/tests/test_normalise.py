import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import v2

from imagenet_dm import Normalise
from imagenet_dm.normalise import MEAN, STD
from neuroai_core.errors import InputError


@given(st.integers(0, 2**32 - 1))
def test_is_torchvisions_and_can_be_undone(seed):
    images = torch.randint(0, 256, (2, 3, 5, 7), generator=torch.Generator().manual_seed(seed))
    images = images.to(torch.uint8)
    oracle = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    normalise = Normalise()
    torch.testing.assert_close(normalise(images), oracle(images), atol=2e-6, rtol=0)
    assert torch.equal(normalise.undo(normalise(images)), images)


def test_keeps_the_memory_format_and_takes_another_type():
    images = torch.zeros(2, 3, 4, 5, dtype=torch.uint8).contiguous(
        memory_format=torch.channels_last
    )
    result = Normalise(dtype=torch.bfloat16)(images)
    assert result.dtype == torch.bfloat16
    assert result.is_contiguous(memory_format=torch.channels_last)


def test_wrong_statistics_are_errors():
    with pytest.raises(InputError, match="mean and std"):
        Normalise(mean=(0.5,), std=(0.2, 0.2))
    with pytest.raises(InputError, match="mean and std"):
        Normalise(mean=(0.5,), std=(0.0,))


# What torch says of Python 3.13.0, and of no other.
@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")
def test_compiles_into_one_graph():
    images = torch.randint(0, 256, (2, 3, 4, 5)).to(torch.uint8)
    normalise = Normalise()
    compiled = torch.compile(normalise, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(images), normalise(images))
