from __future__ import annotations

import json
import sys

import pytest

from retina_data import cli
from retina_data.cards import CARDS
from retina_data.named import DATA_SETS


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; give its exit code, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["retina-data", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            sys.exit(cli.main())
        captured = capsys.readouterr()
        return leave.value.code or 0, captured.out, captured.err

    return call


def test_info_prints_the_card(run):
    code, out, _ = run("info", "karamanlis_2024")
    assert code == 0
    assert "mouse and marmoset" in out
    assert "multielectrode array" in out
    assert "10.12751/g-node.ejk8kx" in out


def test_the_cards_say_what_the_recordings_are():
    assert CARDS["maheswaranathan_2023"].species == "salamander"
    assert CARDS["hoefling_2024"].method == "two-photon calcium imaging"
    assert "calcium" not in CARDS["karamanlis_2024"].method


def test_synth_then_info(run, tmp_path):
    code, out, _ = run("synth", "hoefling_2024", tmp_path, "--set", "n_clips=4", "--seed", 3)
    assert code == 0
    assert "session_1_ventral1_20200101: 12 neurons" in out
    code, out, _ = run("info", "hoefling_2024", "--path", tmp_path, "--json")
    content = json.loads(out)
    assert code == 0
    assert content["card"]["species"] == "mouse"
    about = content["sessions"]["session_2_ventral2_20200102"]
    assert about["neurons"] == 12
    assert about["stimulus"] == [2, 600, 18, 16]
    assert about["trials"] == 3
    assert about["explainable variance"] > 0.5


def test_a_lab_folder(run, tmp_path):
    assert run("synth", "lab", tmp_path)[0] == 0
    code, out, _ = run("info", "lab", "--path", tmp_path, "--set", "test_names=noise_test")
    assert code == 0
    assert "session_a: neurons 5" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "karamanlis"], "did you mean 'karamanlis_2024'?"),
        (["info", "goldin_2022", "--path", "nowhere"], "not there"),
        (["fetch", "lab"], "unknown data set"),
        (["synth", "lab", "x", "--set", "frames"], "KEY=VALUE"),
        (["synth", "lab", "x", "--set", "n_neuron=3"], "did you mean 'n_neurons'?"),
        (["fetch", "goldin_2022"], "no network"),
    ],
)
def test_an_error_is_one_message(run, monkeypatch, tmp_path, arguments, message):
    monkeypatch.setenv("RETINA_DATA_OFFLINE", "1")
    monkeypatch.setenv("RETINA_DATA_CACHE", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments)
    assert code == 1
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("given", "value"),
    [("false", False), ("True", True), ("3", 3), ("0.5", 0.5), ("mouse", "mouse")],
)
def test_values_of_options(given, value):
    found = cli._options([f"download={given}"])["download"]
    assert (found, type(found)) == (value, type(value))


def test_download_can_be_switched_off(run, monkeypatch, tmp_path):
    monkeypatch.setenv("RETINA_DATA_CACHE", str(tmp_path))
    code, _, err = run("show", "goldin_2022", tmp_path / "figures", "--set", "download=false")
    assert code == 1
    assert "retina-data fetch goldin_2022" in err


@pytest.mark.parametrize("command", ["fetch", "info", "synth", "show"])
def test_help_has_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"retina-data {command}" in out


def test_every_card_can_be_read():
    assert set(CARDS) <= set(DATA_SETS)


def test_ctrl_c_is_said(run, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "fetch", stop)
    code, _, err = run("fetch", "hoefling_2024")
    assert (code, err) == (130, "stopped; run it again to go on\n")
