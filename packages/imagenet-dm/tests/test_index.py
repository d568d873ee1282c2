from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.index import Index, Names
from neuroai_core.errors import InputError

texts = st.lists(st.text(max_size=8), max_size=12)


@given(texts, st.data())
def test_names_come_back_and_can_be_taken(names, data):
    packed = Names.of(names)
    assert [packed[i] for i in range(len(packed))] == names
    if names:
        chosen = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=9))
        taken = packed.take(np.array(chosen, dtype=np.int64))
        assert [taken[i] for i in range(len(taken))] == [names[i] for i in chosen]


def index(classes=("a", "b", "c"), labels=(0, 0, 2)):
    names = Names.of(f"{i}.JPEG" for i in range(len(labels)))
    return Index(Path("root"), tuple(classes), np.array(labels, dtype=np.int32), names)


def test_says_names_paths_and_counts():
    i = index()
    assert i.name(2) == "c/2.JPEG"
    assert i.path(0) == Path("root/a/0.JPEG")
    assert i.counts().tolist() == [2, 0, 1]


def test_labels_follow_the_classes_of_training():
    relabelled = index().with_classes(["z", "c", "b", "a"])
    assert relabelled.labels.tolist() == [3, 3, 1]
    assert [relabelled.name(i) for i in range(3)] == [index().name(i) for i in range(3)]
    with pytest.raises(InputError, match="not among the training classes"):
        index().with_classes(["a", "b"])


def test_fingerprint_tells_data_sets_apart():
    assert index().fingerprint == index().fingerprint
    others = [index(classes=("a", "b", "d")), index(labels=(0, 1, 2)), index().take([0, 1])]
    assert len({index().fingerprint, *(o.fingerprint for o in others)}) == 4
