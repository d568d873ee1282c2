from __future__ import annotations

import pytest
import torch

from stimulus_protocols import StimulusProtocolDataLoader, image
from stimulus_protocols.memory import Recycled, new_memory


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.uint8])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1,), (2, 0, 3), ()])
def test_any_shape_and_type(shape, dtype):
    made = new_memory(shape, dtype)
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.is_contiguous()
    made.fill_(1)
    assert (made == 1).all()


def test_every_tensor_has_memory_of_its_own():
    one, other = (new_memory((64, 64), torch.float32) for _ in range(2))
    one.zero_()
    other.fill_(7)
    assert (one == 0).all()


def test_where_there_is_no_memory_of_the_cpu():
    assert new_memory((2, 3), torch.float32, "meta").device.type == "meta"


@pytest.mark.parametrize(
    "hold",
    [
        lambda tensor: tensor[1:],
        lambda tensor: tensor.numpy(),
        lambda tensor: tensor.detach(),
        lambda tensor: tensor.view(torch.int32),
        lambda tensor: memoryview(tensor.numpy()),
        torch.utils.dlpack.from_dlpack,
    ],
)
def test_memory_does_not_come_back_while_anything_holds_it(hold):
    memory = Recycled()
    tensor = memory.give((8, 3), torch.float32)
    where, held = tensor.data_ptr(), hold(tensor)
    del tensor
    assert memory.give((8, 3), torch.float32).data_ptr() != where
    del held
    assert where in {memory.give((8, 3), torch.float32).data_ptr() for _ in range(2)}


def test_only_so_much_is_kept():
    memory = Recycled(most=1)
    held = [memory.give((8,), torch.float32) for _ in range(3)]
    places = {tensor.data_ptr() for tensor in held}
    held.clear()
    again = [memory.give((8,), torch.float32) for _ in range(3)]
    assert again[0].data_ptr() in places
    assert len(memory._free) == 0


def test_a_loop_over_batches_uses_two_blocks_and_a_list_as_many_as_it_holds():
    data = [(torch.full((1, 32, 32), float(i)), i) for i in range(8)]

    def batches():
        return StimulusProtocolDataLoader(data, image(3), batch_size=2)

    places = set()
    for images, labels in batches():
        assert (images == labels[:, :, None, None, None]).all()
        places.add(images.data_ptr())
    assert len(places) <= 2
    held = [images for images, _ in batches()]
    assert [int(images[0, 0, 0, 0, 0]) for images in held] == [0, 2, 4, 6]
    assert len({images.data_ptr() for images in held}) == 4
