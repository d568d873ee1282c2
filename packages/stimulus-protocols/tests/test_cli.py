from __future__ import annotations

import json
import sys

import pytest
from PIL import Image

from stimulus_protocols import cli, specs
from stimulus_protocols.stimuli import Grating

GRATING = Grating(frames=6, height=8, width=10, spatial_frequency_cpp=0.1, temporal_frequency_hz=5)


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder: its exit code, and what it printed."""
    monkeypatch.chdir(tmp_path)
    specs.save(GRATING, "grating.yaml")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["stimulus-protocols", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return run


@pytest.fixture
def photos(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.effect_noise((16, 16), 60).save(tmp_path / "photos" / name / "0.png")
    return tmp_path / "photos"


CONFIG = """
experiment_config:
  short:
    parameter: stim
    data_loader: StimulusDuration
    data_args: {tsteps: 6, stim: [1, 2], intro: 1}
"""


def test_render_and_preview(command, tmp_path):
    assert command("render", "grating.yaml", "-o", "a.gif", "--scale", 2)[0] == 0
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 6
    assert command("preview", "grating.yaml", "-o", "a.png")[0] == 0
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_describe_and_list(command):
    code, out, _ = command("describe", "grating.yaml")
    assert code == 0
    assert "6 frames" in out
    assert specs.content_hash(GRATING) in out
    _, out, _ = command("describe", "grating.yaml", "--json")
    assert json.loads(out)["frames"] == 6
    _, out, _ = command("list", "--json")
    listed = json.loads(out)
    assert "grating" in listed["stimuli"]
    assert "oddball" in listed["protocols"]
    assert "euler_chirp" in listed["presets"]
    assert "moving_bar" in command("list")[1]
    assert json.loads(command("schema")[1])["properties"]["version"] == {"const": 1}


def test_the_plan_of_a_run(command, photos, tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    words = ("run", "config.yaml", "--experiment", "short", "--dataset", photos, "--size", 8)
    _, out, _ = command(*words, "--json")
    rows = json.loads(out)
    assert [row["stimulus_duration"] for row in rows] == [1, 2]
    assert rows[0]["bytes"] == 2 * 6 * 3 * 8 * 8 * 4
    code, out, _ = command(*words, "--plan")
    assert code == 0
    assert "stimulus_duration=2" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("render", "none.yaml", "-o", "a.gif"), "not there"),
        (("render", "grating.yaml", "-o", "a.gfi"), "did you mean '.gif'"),
        (("describe", "broken.yaml"), "did you mean 'height'"),
        (("run", "config.yaml", "--experiment", "shrt", "--dataset", "x"), "did you mean 'short'"),
        (("run", "config.yaml", "--experiment", "short", "--dataset", "x"), "not there"),
        (("run", "config.yaml", "--experiment", "short", "--dataset", "no.such:one"), "module"),
    ],
)
def test_errors_are_one_message_and_a_code(command, tmp_path, words, message):
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "broken.yaml").write_text("version: 1\nstimulus:\n  type: uniform\n  heigt: 3\n")
    code, out, err = command(*words)
    assert code == 1
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_stop_is_clean(command, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.drawing, "export", stopped)
    code, _, err = command("render", "grating.yaml", "-o", "a.gif")
    assert code == 130
    assert err == "stopped; run it again to go on\n"
