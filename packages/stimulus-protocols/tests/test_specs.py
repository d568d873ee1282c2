from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from neuroai_core import DataError, InputError, NotFoundError, UnknownArgumentError
from stimulus_protocols import (
    Between,
    Choice,
    Flicker,
    Ramp,
    blank,
    computed,
    image,
    presets,
    specs,
)
from stimulus_protocols.stimuli import (
    Disc,
    Grating,
    MovingImage,
    Uniform,
    WhiteNoise,
    in_turn,
    plaid,
)

GRATING = Grating(
    frames=4,
    height=6,
    width=7,
    channels=2,
    spatial_frequency_cpp=0.1,
    direction_deg=33.3,
    aperture=Disc(radius_px=2.5),
    channel_contrasts=(1, 0.5),
)

values = st.sampled_from(
    [
        GRATING,
        plaid(GRATING.model_copy(update={"aperture": None}), 60),
        in_turn(Uniform(frames=2, height=6, width=7, channels=2), GRATING),
        WhiteNoise(frames=3, height=2, width=2, distribution="ternary", seed=2**70),
    ]
)
segments = st.one_of(
    st.builds(blank, st.integers(0, 9)),
    st.builds(image, st.integers(0, 9), st.integers(0, 3), contrast=st.floats(0, 3)),
    st.builds(lambda a, b: blank(Between(low=a, high=a + b)), st.integers(0, 5), st.integers(0, 5)),
    st.builds(lambda a: image(5, contrast=Ramp(start=a, stop=1)), st.floats(0, 1)),
    st.builds(lambda p: image(5, contrast=Flicker(period_frames=p)), st.floats(2, 9)),
    st.builds(lambda t: image(2, label=t, jitter_px=1.5), st.integers(-3, 9)),
)
timelines = st.recursive(
    segments,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a >> b, inner, inner),
        st.builds(lambda a, n: a * n, inner, st.integers(0, 10**9)),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a, b: Choice(options=(a, b), weights=(1, 2)), inner, inner),
    ),
    max_leaves=5,
)


@given(st.one_of(values, timelines))
@settings(max_examples=60)
def test_there_and_back_is_exact(spec):
    assert specs.from_yaml(specs.to_yaml(spec)) == spec
    assert specs.from_data(json.loads(json.dumps(specs.to_data(spec)))) == spec
    assert specs.content_hash(specs.from_yaml(specs.to_yaml(spec))) == specs.content_hash(spec)


#: Those that are written with an exponent too.
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [1e-05, 1e16, 1e22, 5e-324, 1.7976931348623157e308, -0.0, 0.1, -1e-7]
)


@given(floats, st.sampled_from(["yaml", "json"]))
def test_files_keep_every_float(tmp_path_factory, number, suffix):
    path = tmp_path_factory.getbasetemp() / f"float.{suffix}"
    made = Uniform(frames=1, height=1, width=1, mean=number, amplitude=abs(number) or 1.0)
    specs.save(made, path)
    again = specs.load(path)
    assert (repr(again.mean), repr(again.amplitude)) == (repr(made.mean), repr(made.amplitude))
    assert specs.from_yaml(json.dumps(specs.to_data(made))) == made


@given(st.sampled_from(["1e5", "1e-05", ".5e3", "0x1f", "1_000", "yes", "~", "a\tb: c", "\u2028"]))
def test_words_that_look_like_numbers_stay_words(tmp_path_factory, word):
    for suffix in ("yaml", "json"):
        path = tmp_path_factory.getbasetemp() / f"word.{suffix}"
        specs.save(blank(2, phase=word), path)
        assert specs.load(path) == blank(2, phase=word)


def test_json_with_tabs_and_lines_of_its_own(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(specs.to_data(GRATING), indent="\t"))
    assert specs.load(path) == GRATING
    path.write_text(path.read_text().replace("direction_deg", "direction_dge"))
    with pytest.raises(UnknownArgumentError, match="did you mean 'direction_deg'") as caught:
        specs.load(path)
    lines = path.read_text().splitlines()
    (where,) = [number for number, line in enumerate(lines, 1) if "direction_dge" in line]
    assert caught.value.index == f"line {where}"
    path.write_text('{"version": 1,\n"stimulus": }')
    with pytest.raises(DataError, match="no JSON") as caught:
        specs.load(path)
    assert caught.value.index == "line 2"
    path.write_text('{"version": 1, "stimulus": {},\n"stimulus": {}}')
    with pytest.raises(DataError, match="twice") as caught:
        specs.load(path)
    assert caught.value.index == "line 2"


@given(values)
def test_what_is_read_renders_the_same(spec):
    assert (specs.from_yaml(specs.to_yaml(spec)).render() == spec.render()).all()


def test_the_hash_is_of_the_content():
    other = GRATING.model_copy(update={"phase_deg": 1.0})
    assert specs.content_hash(GRATING) != specs.content_hash(other)
    # For ever: what was published under this name is this.
    assert specs.content_hash(blank(2) >> image(3)).startswith("35bdf1695017")


def test_the_hash_covers_the_bytes_of_a_picture(tmp_path):
    path = tmp_path / "a.png"

    def hashes():
        movie = MovingImage(frames=2, height=4, width=4, path=str(path))
        return [
            specs.content_hash(spec)
            for spec in (movie, in_turn(movie, movie), blank(2) >> computed(movie) * 2)
        ]

    Image.new("L", (8, 8), 10).save(path)
    before = hashes()
    stamp = path.stat().st_mtime_ns
    Image.new("L", (8, 8), 11).save(path)
    os.utime(path, ns=(stamp, stamp))
    assert not set(before) & set(hashes())
    Image.new("L", (8, 8), 10).save(path)
    assert hashes() == before
    # The same picture elsewhere is the same content.
    path = path.rename(tmp_path / "b.png")
    assert hashes() == before
    movie = MovingImage(frames=2, height=4, width=4, path=str(path))
    path.unlink()
    with pytest.raises(NotFoundError, match="picture"):
        specs.content_hash(movie)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_files(tmp_path, suffix):
    specs.save(GRATING, tmp_path / f"a.{suffix}")
    assert specs.load(tmp_path / f"a.{suffix}") == GRATING
    with pytest.raises(NotFoundError):
        specs.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("version: 1\nstimulus:\n  type: grating\n  contrst: 1\n", UnknownArgumentError,
         ["line 4", "did you mean 'contrast'"]),
        ("version: 1\nstimulus:\n  type: gratng\n", InputError,
         ["line 3", "did you mean 'grating'"]),
        ("version: 1\nstimulus:\n  type: uniform\n  frames: 3\n  height: -2\n  width: 2\n",
         InputError, ["line 5", "height"]),
        ("version: 1\ntimeline:\n  type: sequence\n  parts:\n  - {type: segment, frames: 2}\n"
         "  - type: segment\n    frames: 2\n    contrast: -1\n", InputError,
         ["line 8", "contrast"]),
        ("version: 1\ntimeline:\n  type: sequence\n  parts:\n  - type: segment\n    frmes: 2\n",
         UnknownArgumentError, ["line 6", "did you mean 'frames'"]),
        ("version: 1\nprotocol:\n  name: duratoin\n", InputError, ["did you mean 'duration'"]),
        ("version: 1\nprotocol:\n  name: duration\n  n_timesteps: 3\n  stimulus_duration: 5\n",
         InputError, ["line 4", "5 steps or more"]),
        ("version: 2\nstimulus: {}\n", DataError, ["version: 1"]),
        ("version: 1\n", DataError, ["one of stimulus"]),
        ("version: 1\nstimlus: {}\n", InputError, ["did you mean 'stimulus'"]),
        ("version: 1\nstimulus: {}\ntimeline: {}\n", DataError, ["says one thing"]),
        ("version: 1\nstimulus: {}\nstimulus: {}\n", DataError, ["line 3", "twice"]),
        ("version: [\n", DataError, ["no YAML"]),
        ("just words", DataError, ["no specification"]),
    ],
)  # fmt: skip
def test_errors_name_the_line_and_the_near_name(text, error, words):
    with pytest.raises(error) as caught:
        specs.from_yaml(text, path="lab.yaml")
    for word in [*words, "lab.yaml"]:
        assert word in str(caught.value)


@pytest.mark.parametrize("name", presets.BY_NAME)
def test_presets_by_name(name):
    spec = specs.from_yaml(f"version: 1\npreset: {{name: {name}}}\n")
    assert spec == presets.BY_NAME[name]()


def test_provenance_has_a_row_for_every_frame():
    whole = in_turn(Uniform(frames=2, height=6, width=7, channels=2), GRATING)
    rows = list(specs.provenance(whole))
    assert [row["frame"] for row in rows] == list(range(6))
    assert [row["part_frame"] for row in rows] == [0, 1, 0, 1, 2, 3]
    assert rows[2]["sha256"] == specs.content_hash(GRATING)


def test_provenance_of_a_timeline_is_its_frame_table():
    movie = Uniform(frames=3, height=6, width=7)
    timeline = blank(2) >> (image(3, contrast=0.5, jitter_px=0) | computed(movie)) >> image(5000, 1)
    rows = list(specs.provenance(timeline))
    table = timeline.table()
    assert [(row["frame"], row["layer"]) for row in rows[:9]] == [
        (0, 0), (1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (4, 0), (4, 1), (5, 0)
    ]  # fmt: skip
    assert {row["sha256"] for row in rows} == {specs.content_hash(timeline)}
    assert [row["source"] for row in rows[:4]] == ["void", "void", "image", "uniform"]
    for row in rows:
        at = (0, row["layer"], row["frame"])
        assert row["phase"] == (table.phases[table.phase[at]] or None)
        assert row["phase_frame"] == table.since_onset[at]
        assert (row["contrast"] or 0) == table.gain[at]
        is_computed = table.source[at] < -1
        assert (row["stimulus_sha256"] == specs.content_hash(movie)) == is_computed
        assert row["source_frame"] == (table.source_frame[at] if is_computed else None)
    assert rows[-1]["frame"] == len(timeline) - 1


def test_provenance_of_what_has_none():
    with pytest.raises(InputError, match="random"):
        specs.provenance(blank(Between(low=1, high=2)))
    with pytest.raises(InputError, match="of a stimulus or a timeline"):
        specs.provenance("grating")
