from __future__ import annotations

import pickle
import shutil
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest

from neuroai_core import DataError, InputError, NotFoundError, ProblemsError, UnknownNameError
from retina_data import reliability
from retina_data.hoefling_2024 import (
    Filters,
    filter_responses,
    get_all_movies,
    get_all_responses,
    make_final_responses,
    read_traces,
    repeated_responses,
    write_synthetic,
)
from retina_data.hoefling_2024.constants import (
    BAR_S,
    CHIRP_S,
    CLIP_S,
    MISLABELLED_RIGHT,
    MOVIES,
    RESPONSES,
)


@pytest.fixture
def copy(hoefling, tmp_path):
    """A copy that may be damaged."""
    return shutil.copytree(hoefling[0], tmp_path / "copy")


@pytest.fixture
def edit(copy, tmp_path):
    """Change the responses inside their archive."""

    def change(how):
        archive = copy / RESPONSES
        with zipfile.ZipFile(archive) as file:
            (name,) = file.namelist()
            (tmp_path / name).write_bytes(file.read(name))
        with h5py.File(tmp_path / name, "r+") as file:
            how(file)
        with zipfile.ZipFile(archive, "w") as file:
            file.write(tmp_path / name, name)
        return copy

    return change


def test_the_layout_is_the_published_one(hoefling):
    folder, _ = hoefling
    with zipfile.ZipFile(folder / MOVIES["low"]) as file:
        content = pickle.loads(file.read(file.namelist()[0]))
    assert set(content) == {"train", "test", "random_sequences", "movie_stats"}
    assert content["train"].shape == (2, 16 * 150, 18, 16)
    assert content["test"].shape == (2, 750, 18, 16)
    assert content["random_sequences"].shape == (16, 20)
    assert content["random_sequences"].dtype == np.uint8
    assert set(content["movie_stats"]["dichromatic"]) == {"mean", "sd"}
    with zipfile.ZipFile(folder / RESPONSES) as file:
        assert [n[-3:] for n in file.namelist()] == [".h5"]


def test_the_published_size_is_the_default():
    from inspect import signature

    assert signature(write_synthetic).parameters["n_clips"].default == 108


@pytest.mark.parametrize("where", ["", "euler_lab", "euler_lab/hoefling_2024", "file"])
def test_any_part_of_the_path_will_do(hoefling, where):
    folder, _ = hoefling
    path = folder / MOVIES["low"] if where == "file" else folder / where
    assert get_all_movies(path).norm_mean == pytest.approx(36.8)


def test_interpolation_is_at_each_frame(hoefling):
    folder, _ = hoefling
    raw = read_traces(folder)
    name, session = next(iter(raw.items()))
    final = make_final_responses(raw)[name]
    # The third training clip is the eighth shown; frame 40 of it, neuron 4.
    at = session.triggers_s[7] + CLIP_S * 40 / 149
    expected = np.interp(at, session.times_s[4], session.traces[4])
    assert final.train[4, 2 * 150 + 40] == pytest.approx(expected)
    # The second showing of the test movie is in the middle.
    at = session.triggers_s[5 + 8 + 1] + CLIP_S * 7 / 149
    expected = np.interp(at, session.times_s[2], session.traces[2])
    assert final.test_by_trial[1, 2, 150 + 7] == pytest.approx(expected)
    np.testing.assert_allclose(final.test_response, final.test_by_trial.mean(axis=0))


def test_newer_files_name_their_spikes_and_times_otherwise(hoefling, edit):
    expected = get_all_responses(hoefling[0])

    def rename(file):
        for group in file.values():
            group.move("natural_inferred_spikes", "natural_spikes")
            times = group["natural_traces_times"][...]
            del group["natural_traces_times"]
            group["natural_traces_t0"] = times[:, 0]
            group["natural_traces_dt"] = np.diff(times[:, :2], axis=1)

    found = get_all_responses(edit(rename))
    for name in expected:
        np.testing.assert_allclose(found[name].train, expected[name].train, atol=1e-6)


@pytest.mark.parametrize(("stimulus", "shape"), [("chirp", (5, 14, 990)), ("mb", (3, 14, 984))])
def test_repeated_responses_of_chirp_and_moving_bar(hoefling, stimulus, shape):
    for session in read_traces(hoefling[0], stimulus=stimulus).values():
        trials = repeated_responses(session)
        assert trials.shape == shape
        assert (reliability.noise_ceiling(trials)[:12] > 0.8).all()  # two see nothing
        # The third repetition, half a second after its start.
        start = session.triggers_s[2 * (2 if stimulus == "chirp" else 8)]
        step = (CHIRP_S / 989) if stimulus == "chirp" else (BAR_S / 122)
        expected = np.interp(start + 15 * step, session.times_s[6], session.traces[6])
        assert trials[2, 6, 15] == pytest.approx(expected)


def test_repetitions_must_be_whole(hoefling):
    session = next(iter(read_traces(hoefling[0], stimulus="mb").values()))
    with pytest.raises(ProblemsError, match="23 triggers"):
        repeated_responses(replace(session, triggers_s=session.triggers_s[:-1]))
    with pytest.raises(ProblemsError, match="natural"):
        repeated_responses(next(iter(read_traces(hoefling[0]).values())))


def test_detrended_is_raw_less_smoothed(hoefling):
    raw = read_traces(hoefling[0], trace="detrended")
    spikes = read_traces(hoefling[0])
    for name in raw:
        np.testing.assert_allclose(raw[name].traces, spikes[name].traces, atol=1e-9)


def test_a_mislabelled_session_is_put_right(edit):
    def rename(file):
        file.move("session_2_ventral2_20200102", MISLABELLED_RIGHT)
        assert file[MISLABELLED_RIGHT].attrs["eye"] == "left"

    assert get_all_responses(edit(rename))[MISLABELLED_RIGHT].session_kwargs["eye"] == "right"


def test_each_criterion_by_itself_and_all_at_once(hoefling):
    raw = read_traces(hoefling[0])
    kept, report = filter_responses(raw)
    # Of fourteen in each session, one is of low quality and one no ganglion cell.
    assert {len(s.traces) for s in kept.values()} == {12}
    removed = {r.criterion: r.cells for r in report}
    assert removed["quality"] == removed["cell type"] == 2
    assert removed["confidence"] == removed["finite responses"] == 0
    everything, _ = filter_responses(raw, Filters.none())
    assert {len(s.traces) for s in everything.values()} == {14}
    with pytest.raises(InputError, match="no session is left"):
        filter_responses(raw, Filters(min_cells=13))


def test_the_order_of_filters_does_not_matter(hoefling):
    raw = read_traces(hoefling[0])
    none = {"cell_types": None, "d_qi": -9, "chirp_qi": -9, "confidence": -9, "min_cells": 1}
    steps = [{"cell_types": tuple(range(5, 25))}, {"d_qi": 0.8, "chirp_qi": 0.5}]
    results = []
    for order in (steps, steps[::-1]):
        kept = raw
        for step in order:
            kept, _ = filter_responses(kept, Filters(**{**none, **step}))
        results.append({k: s.neurons["roi_ids"].tolist() for k, s in kept.items()})
    both, _ = filter_responses(raw, Filters(**{**none, **steps[0], **steps[1]}))
    assert results[0] == results[1]
    assert results[0] == {k: s.neurons["roi_ids"].tolist() for k, s in both.items()}


@pytest.mark.parametrize("criterion", [{"d_qi": 0.8}, {"chirp_qi": 0.5}])
def test_one_quality_alone_filters(hoefling, criterion):
    """Upstream's make_final_responses(d_qi=...) alone filters nothing."""
    raw = read_traces(hoefling[0])
    limits = {"d_qi": np.inf, "chirp_qi": np.inf} | criterion
    kept, _ = filter_responses(raw, Filters(cell_types=None, min_cells=1, **limits))
    (key, least) = next(iter(criterion.items()))
    for name, session in kept.items():
        assert 0 < len(session.traces) < len(raw[name].traces)
        assert (session.neurons[key] > least).all()


def test_a_square_session_is_filtered_along_its_neurons(edit):
    """Upstream guesses the axis of the neurons by its size."""

    def square(file):
        for group in file.values():
            neurons = len(group["d_qi"])
            group.move("natural_trigger_times", "old")
            triggers = group["old"][...]
            group["natural_trigger_times"] = np.repeat(triggers, neurons, axis=0)

    kept, _ = filter_responses(read_traces(edit(square)))
    assert all(len(s.triggers_s) == 31 for s in kept.values())


def test_a_neuron_with_nan_is_removed_and_counted(edit):
    def spoil(file):
        file["session_1_ventral1_20200101/natural_inferred_spikes"][3, 100] = np.nan

    raw = read_traces(edit(spoil))
    kept, report = filter_responses(raw, Filters(min_cells=1))
    assert {r.criterion: r.cells for r in report}["finite responses"] == 1
    assert len(kept["session_1_ventral1_20200101"].traces) == 11


def test_what_is_not_there(tmp_path, hoefling):
    with pytest.raises(NotFoundError, match="no such folder"):
        get_all_movies(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="retina-data fetch hoefling_2024"):
        get_all_responses(tmp_path)
    with pytest.raises(NotFoundError, match="not there"):
        get_all_movies(hoefling[0], resolution="high")
    with pytest.raises(UnknownNameError, match="low"):
        get_all_movies(hoefling[0], resolution="lo")
    with pytest.raises(UnknownNameError, match="natural"):
        read_traces(hoefling[0], stimulus="natrual")


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("which", [MOVIES["low"], RESPONSES])
def test_a_truncated_file_is_one_error_with_its_path(copy, which, fraction):
    file = copy / which
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * fraction)])
    with pytest.raises(DataError) as error:
        (get_all_movies if which == MOVIES["low"] else get_all_responses)(copy)
    assert str(file) in str(error.value)


def test_a_text_file_of_that_name(copy):
    (copy / MOVIES["low"]).write_text("not a zip")
    with pytest.raises(DataError, match="damaged"):
        get_all_movies(copy)


def test_every_problem_is_listed(edit):
    def spoil(file):
        del file["session_1_ventral1_20200101/d_qi"]
        del file["session_1_ventral1_20200101"].attrs["eye"]
        group = file["session_2_ventral2_20200102"]
        del group["chirp_qi"]
        group["chirp_qi"] = np.ones(3)

    with pytest.raises(ProblemsError, match="3 problem") as error:
        get_all_responses(edit(spoil))
    for part in ("session_1_ventral1_20200101/d_qi", "eye", "chirp_qi: 3 rows for 14 neurons"):
        assert part in str(error.value)


@pytest.mark.parametrize("stimulus", ["natural", "chirp", "mb"])
def test_traces_must_reach_over_all_triggers(edit, stimulus):
    """Interpolation would hold the last value from there on, without a word."""

    def cut(file):
        group = file["session_1_ventral1_20200101"]
        for part in ("inferred_spikes", "traces_times"):
            whole = group[f"{stimulus}_{part}"][...]
            del group[f"{stimulus}_{part}"]
            group[f"{stimulus}_{part}"] = whole[:, : whole.shape[1] // 2]

    folder = edit(cut)
    with pytest.raises(ProblemsError, match="1 problem") as error:
        read_traces(folder, stimulus=stimulus)
    text = str(error.value)
    assert str(folder / RESPONSES) in text
    assert f"session_1_ventral1_20200101/{stimulus}_traces_times: shape (14, " in text
    assert "triggers ask for 1.00 to" in text


@pytest.mark.parametrize("stimulus", ["natural", "chirp", "mb"])
def test_triggers_must_leave_time_for_what_they_begin(edit, stimulus):
    def squeeze(file):
        file[f"session_2_ventral2_20200102/{stimulus}_trigger_times"][...] /= 2

    with pytest.raises(ProblemsError, match=r"1 problem[\s\S]*apart, but what each begins takes"):
        read_traces(edit(squeeze), stimulus=stimulus)


def test_times_of_traces_must_rise(edit):
    def spoil(file):
        file["session_1_ventral1_20200101/natural_traces_times"][3, 100] = np.nan

    with pytest.raises(ProblemsError, match="times do not rise"):
        read_traces(edit(spoil))


def test_movies_that_do_not_fit_together(copy):
    archive = copy / MOVIES["low"]
    with zipfile.ZipFile(archive) as file:
        name = file.namelist()[0]
        content = pickle.loads(file.read(name))
    content["random_sequences"][0] = content["random_sequences"][1]
    content["test"] = content["test"][:, :700]
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, pickle.dumps(content))
    with pytest.raises(ProblemsError, match="2 problem") as error:
        get_all_movies(copy)
    assert "(2, 700, 18, 16)" in str(error.value)
