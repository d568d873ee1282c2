from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.matfile import read_structs
from neuroai_core.errors import DataError

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["meta.mat", "meta_plain.mat"])
def test_reads_what_scipy_wrote(name):
    rows = read_structs((GOLDEN / name).read_bytes(), "synsets")
    assert [int(row["ILSVRC2012_ID"][0]) for row in rows] == [1, 2, 3, 1001, 4]
    assert rows[2]["WNID"] == "n01440764"
    assert rows[2]["words"] == "tench, Tinca tinca"
    assert rows[4]["gloss"] == "naïve — not ASCII"
    assert rows[3]["children"].tolist() == [1, 2]
    assert rows[0]["num_train_images"].tolist() == [1300]


@given(st.data())
def test_a_damaged_file_is_an_error_and_nothing_else(data):
    content = bytearray((GOLDEN / "meta_plain.mat").read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:at]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    try:
        rows = read_structs(bytes(content), "synsets")
    except DataError:
        return
    assert isinstance(rows, list)


def test_a_missing_variable_is_named():
    with pytest.raises(DataError, match="wnids"):
        read_structs((GOLDEN / "meta.mat").read_bytes(), "wnids")
