"""The command: what it does, and that an error is one message and a non-zero exit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neural_shards import WebDatasetLoader, cli


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command with arguments; gives exit code, output and error."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["neural-shards", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture
def sessions(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, save in enumerate((np.savez, np.savez_compressed)):
        rng = np.random.default_rng(number)
        save(
            folder / f"s{number}.npz", Spikes=rng.poisson(2, (7, 5, 3)), lfp=rng.normal(size=(7, 4))
        )
    return folder


def test_convert_several_files_and_look_at_them(run, sessions, tmp_path):
    out = tmp_path / "out"
    files = sorted(sessions.glob("*.npz"))
    code, text, err = run(
        "convert", "--input", *files, "--output", out, "--shard-size", 4, "--validate"
    )
    assert (code, err) == (0, "")
    assert "14 samples in 4 shards" in text
    assert "all as written" in text
    code, text, _ = run("info", out, "--json")
    assert code == 0
    assert json.loads(text)["layout"]["spikes"] == {"kind": "npy", "dtype": "<i8", "shape": [5, 3]}
    read = list(WebDatasetLoader(out, shuffle=False))
    for number in range(2):
        with np.load(files[number]) as stored:
            expected = dict(stored)
        for row in range(7):
            sample = read[7 * number + row]
            np.testing.assert_array_equal(sample["spikes"], expected["Spikes"][row], strict=True)
            np.testing.assert_array_equal(sample["lfp"], expected["lfp"][row], strict=True)
            assert sample["metadata"]["source"] == files[number].name
            assert sample["metadata"]["row"] == row


def test_the_manifest_says_where_samples_come_from(run, sessions, tmp_path):
    assert run("convert", "-i", sessions, "-o", tmp_path / "out", "-q")[0] == 0
    code, text, _ = run("info", tmp_path / "out", "--json")
    assert code == 0
    assert json.loads(text)["metadata"] == {
        "sessions": [
            {"source": path.name, "samples": 7, "bytes": path.stat().st_size}
            for path in sorted(sessions.glob("*.npz"))
        ]
    }


def test_workers_write_the_same_bytes(run, sessions, tmp_path):
    for workers in (1, 2):
        code, _, err = run(
            "convert",
            "-i",
            sessions,
            "-o",
            tmp_path / str(workers),
            "-w",
            workers,
            "--shard-size",
            3,
        )
        assert (code, err) == (0, "")
    one, two = (sorted((tmp_path / n).iterdir()) for n in "12")
    assert [p.name for p in one] == [p.name for p in two]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_a_folder_of_npy_is_one_session(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    np.save(folder / "spikes.npy", np.arange(12).reshape(6, 2))
    np.save(folder / "behavior.npy", np.asfortranarray(np.arange(18.0).reshape(6, 3)))
    assert run("convert", "-i", folder, "-o", tmp_path / "out", "--quiet")[0] == 0
    read = list(WebDatasetLoader(tmp_path / "out", shuffle=False))
    assert [sample["behavior"].tolist() for sample in read][1] == [3.0, 4.0, 5.0]


def test_errors_are_one_message_and_nothing_is_left(run, sessions, tmp_path):
    (sessions / "broken.npz").write_text("no zip")
    code, _, err = run("convert", "-i", sessions, "-o", tmp_path / "out")
    assert code == 1
    assert "broken.npz" in err
    assert "Traceback" not in err
    assert run("convert", "-i", tmp_path / "nothing", "-o", tmp_path / "out")[0] == 1
    assert run("convert", "-i", sessions, "-o", tmp_path / "out", "-f", "mat")[0] == 1
    assert run("info", tmp_path / "nothing")[0] == 1
    assert not (tmp_path / "out").exists()


def test_verify_names_what_is_damaged(run, sessions, tmp_path):
    out = tmp_path / "out"
    assert run("convert", "-i", sessions, "-o", out, "--shard-size", 4)[0] == 0
    shard = out / "shard_000001.tar"
    content = bytearray(shard.read_bytes())
    content[700] ^= 1
    shard.write_bytes(content)
    code, text, _ = run("verify", out)
    assert code == 1
    assert "shard_000001.tar" in text


def test_sets_are_merged_cut_anew_and_indexed(run, sessions, tmp_path):
    one, both, small = tmp_path / "one", tmp_path / "both", tmp_path / "small"
    assert run("convert", "-i", sessions, "-o", one)[0] == 0
    assert run("merge", one, one, "-o", both) == (0, f"28 samples in 1 shards in {both}\n", "")
    code, text, _ = run("reshard", both, "--output", small, "--shard-size", 5)
    assert (code, text) == (0, f"28 samples in 6 shards in {small}\n")
    (small / "dataset_metadata.json").unlink()
    assert run("verify", small)[0] == 1
    assert run("index", small) == (0, f"28 samples in 6 shards in {small}\n", "")
    assert run("verify", small)[0] == 0


def test_help_shows_an_example(run):
    for command in ("convert", "info", "verify", "peek", "index", "merge", "reshard"):
        code, text, _ = run(command, "--help")
        assert code == 0
        assert f"neural-shards {command}" in text


def test_ctrl_c_is_said(run, monkeypatch, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "verify", stop)
    code, _, err = run("verify", tmp_path)
    assert (code, err) == (130, "stopped; run it again to go on\n")
