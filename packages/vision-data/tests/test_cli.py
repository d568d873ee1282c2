from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PIL import Image

import vision_data
from vision_data import cli


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; give exit code, output and errors."""

    def call(*args):
        monkeypatch.setattr("sys.argv", ["vision-data", *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return call


def test_from_folder_to_picture(run, data_root, tmp_path):
    root = ["--root", data_root]
    code, out, _ = run("link", "cifar100", "invertebrates", *root)
    assert (code, out.strip()) == (
        0,
        str(data_root / "interim" / "cifar100" / "train_invertebrates"),
    )
    code, out, err = run(
        "convert", "cifar100", "invertebrates", "--val-ratio", "0.34", "--stratified", *root
    )
    train, val = out.split()
    assert (code, err) == (0, "")
    assert val.endswith("val.beton")
    code, out, _ = run("inspect", train, "--json", "--sheet", tmp_path / "sheet.png")
    assert json.loads(out)["images"] == 20
    assert _size(tmp_path / "sheet.png")[0] > 100
    code, out, _ = run("inspect", out and train)
    assert "class 14 butterfly: 2" in out
    assert run("verify", train)[0] == 0
    for source in (train, data_root / "interim" / "cifar100" / "train_invertebrates"):
        picture = tmp_path / "batch.png"
        code, out, _ = run("show", source, "--out", picture, "--n-timesteps", "5")
        assert (code, out.strip()) == (0, str(picture))
        assert _size(picture)[0] > 100
    folder = data_root / "raw" / "cifar100" / "train"
    code, _, err = run("show", folder, "--out", picture, "--transform", "cifar100")
    assert (code, err) == (0, "")


def _size(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size


def test_errors_are_one_message(run, data_root, tmp_path):
    code, out, err = run("link", "cifar100", "vertebrates", "--root", data_root)
    assert (code, out) == (1, "")
    assert err.startswith("error: unknown group")
    assert "Traceback" not in err
    assert run("link", "cifar100", "--rot", data_root)[0] == 2
    assert run("inspect", tmp_path / "nowhere")[0] == 1
    folder = data_root / "raw" / "cifar100" / "train"
    code, _, err = run("inspect", folder, "--sheet", tmp_path / "nowhere" / "sheet.png")
    assert (code, err.count("\n")) == (1, 1)
    assert "nowhere" in err
    assert run("fetch", "imagenet", "--root", data_root)[0] == 1
    assert run("convert", "cifar100", "--write-mode", "png", "--root", data_root)[0] == 1


def test_verify_says_what_is_wrong(run, photos):
    (photos / "0" / "0.jpg").write_text("text")
    code, out, err = run("verify", photos)
    assert code == 1
    assert "8 samples, 1 problems" in out
    assert "0/0.jpg" in err
    code, out, _ = run("verify", photos, "--json", "--workers", "2")
    assert (code, len(json.loads(out)["problems"])) == (1, 1)


def test_classes_are_numbered_once(run, data_root):
    for name in ("cat", "dog"):
        place = data_root / "raw" / "pets" / "train" / name
        place.mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(place / "a.png")
    assert run("link", "pets", "--root", data_root)[0] == 1
    assert run("classes", "pets", "--root", data_root)[0] == 0
    assert run("link", "pets", "--root", data_root)[0] == 0
    code, _, err = run("classes", "pets", "--root", data_root)
    assert (code, err.splitlines()[0]) == (1, "error: there is a class table already")


def test_configuration_and_schema(run, data_root, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("data_groups:\n  cifar100:\n    two: [6, 99]\n")
    assert run("link", "cifar100", "two", "--root", data_root, "--config", config)[0] == 0
    config.write_text("data_group: {}\n")
    code, _, err = run("link", "cifar100", "two", "--root", data_root, "--config", config)
    assert code == 1
    assert "line 1" in err
    code, out, _ = run("schema")
    assert json.loads(out)["type"] == "object"


@pytest.mark.parametrize(
    "command",
    ["fetch", "link", "convert", "classes", "inspect", "verify", "show", "schema", "workflow"],
)
def test_help_has_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Example: vision-data" in out


def test_interrupt(run, monkeypatch, data_root):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(vision_data, "link_group", interrupted)
    code, _, err = run("link", "cifar100", "--root", data_root)
    assert (code, err) == (130, "stopped; run it again to go on\n")


@pytest.mark.parametrize(
    "code",
    [
        "import vision_data",
        "from vision_data import cli; sys.argv[1:] = ['--help']; cli.main()",
        "from vision_data import cli; sys.argv[1:] = ['convert', '--help']; cli.main()",
        "from vision_data import cli; sys.argv[1:] = ['lnik', 'mnist']; cli.main()",
    ],
)
def test_help_loads_nothing_heavy(code):
    """Whoever asks what there is, or makes a typing error, does not wait for torch."""
    heavy = "{'torch', 'torchvision', 'numpy', 'PIL', 'jpeg_crops', 'yaml'}"
    ask = f"atexit.register(lambda: print('loaded', *({heavy} & set(sys.modules))))"
    command = [sys.executable, "-c", f"import atexit, sys; {ask}; {code}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded", done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_of_contents_is_whole():
    for name in vision_data.__all__:
        assert getattr(vision_data, name) is not None
        assert name in dir(vision_data)
    with pytest.raises(AttributeError, match="no attribute 'link_groups'"):
        vision_data.link_groups  # noqa: B018  asking is the test
