from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from neuroai_core import MissingExtraError
from retina_data import cli, lab
from retina_data.figures import show
from retina_data.hoefling_2024 import get_all_movies, get_all_responses, natmov_sessions


def test_a_session_with_trials(hoefling, tmp_path):
    sessions = natmov_sessions(get_all_responses(hoefling[0]), get_all_movies(hoefling[0]))
    name, session = next(iter(sessions.items()))
    show(session, tmp_path / f"{name}.png")
    picture = Image.open(tmp_path / f"{name}.png")
    assert picture.format == "PNG"
    assert picture.size == (1170, 900)
    assert len(set(picture.convert("L").tobytes())) > 100


def test_a_full_field_stimulus_is_drawn_as_lines(make_session, tmp_path):
    from matplotlib.figure import Figure

    flat = replace(make_session(), tests={})
    drawn = []
    plainly = Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda f, *a, **k: drawn.append(f) or plainly(f, *a, **k))
        show(flat, tmp_path / "flat.png")
    level = drawn[0].axes[0]
    np.testing.assert_array_equal(level.lines[0].get_ydata(), flat.stimulus.order)
    assert [image for axes in drawn[0].axes[:-2] for image in axes.images] == []


def test_the_command_line_writes_one_a_session(tmp_path, monkeypatch, capsys):
    lab.write_synthetic(tmp_path, n_frames=300)
    arguments = ["show", "lab", tmp_path / "f", "--path", tmp_path, "--set"]
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments), "test_names=noise_test"])
    with pytest.raises(SystemExit) as leave:
        cli.main()
    assert not leave.value.code
    assert sorted(p.name for p in (tmp_path / "f").iterdir()) == ["session_a.png", "session_b.png"]
    assert "session_b.png" in capsys.readouterr().out


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch, make_session):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises((MissingExtraError, ImportError), match=r"matplotlib"):
        show(make_session(), tmp_path / "x.png")
