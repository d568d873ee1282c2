import json
import sys

import pytest

from imagenet_dm import cli


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*args):
        monkeypatch.setattr(sys, "argv", ["imagenet-dm", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_check_says_all_is_well_or_what_is_not(run, fake, tmp_path):
    code, out, _ = run("check", fake)
    assert code == 0
    assert "train: 36 images, 3 classes, 12 to 12 a class" in out
    assert out.endswith("all is well\n")
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "train" / "a" / "x.JPEG").write_bytes(b"text")
    code, out, _ = run("check", tmp_path, "--json")
    assert code == 1
    assert json.loads(out)["splits"]["train"]["undecodable"][0][0].endswith("x.JPEG")


def test_an_error_is_one_message(run, tmp_path):
    code, out, err = run("check", tmp_path / "none")
    assert (code, out) == (1, "")
    assert err.startswith("error: there is no such data set")
    assert "Traceback" not in err


def test_fake_index_show_and_bench(run, tmp_path):
    root = tmp_path / "data"
    assert run("fake", root, "--classes", 2, "--train", 8, "--val", 2)[0] == 0
    code, out, _ = run("index", root)
    assert code == 0
    assert out.count("images") == 2
    code, out, _ = run("show", root, "-o", tmp_path / "x.png", "--images", 4, "--image-size", 32)
    assert code == 0
    assert (tmp_path / "x.png").stat().st_size > 0
    code, out, _ = run("bench", root, "--batch-size", 4, "--batches", 1, "--image-size", 32)
    assert code == 0
    assert "suggested: num_workers=" in out


def test_ctrl_c_ends_without_a_traceback(run, fake, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "check_dataset", stop)
    code, _, err = run("check", fake)
    assert (code, err) == (130, "stopped\n")


@pytest.mark.parametrize("command", ["check", "bench", "show", "index", "fake"])
def test_help_has_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: imagenet-dm {command}" in out
