from __future__ import annotations

import pytest
import yaml

from neuroai_core import DataError, InputError, NotFoundError, UnknownArgumentError
from stimulus_protocols.configuration import experiments, read_experiments
from stimulus_protocols.experiments import conditions

#: As it stands in the document.
DOCUMENT = """
experiment_config:
  contrast:
    status: trained
    parameter: contrast
    data_loader: StimulusContrast
    data_args:
      tsteps: 100
      stim: 15
      contrast: [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
"""


def test_the_experiment_of_the_document(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(DOCUMENT)
    read = read_experiments(path)["contrast"]
    assert read.status == "trained"
    made = conditions(read)
    assert [c.values["stimulus_contrast"] for c in made] == [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    for condition in made:
        table = condition.timeline.table()
        assert len(table) == 100
        shown = table.source[0, 0] == 0
        assert shown.sum() == 15
        assert abs(table.gain[0, 0][shown] - condition.values["stimulus_contrast"]).max() < 1e-6
    assert made[0].name == "stimulus_contrast=0.2"
    assert len({condition.identity for condition in made}) == 7


@pytest.mark.parametrize(
    "text", ["- a list", "other: 1", "experiment_config: 3", "experiment_config: {a: 3}", "["]
)
def test_files_that_are_no_configuration(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_experiments(path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_there_and_misspelt_keys(tmp_path):
    with pytest.raises(NotFoundError):
        read_experiments(tmp_path / "none.yaml")
    data = yaml.safe_load(DOCUMENT.replace("data_args", "data_arg"))
    with pytest.raises(UnknownArgumentError, match="did you mean 'data_args'"):
        experiments(data)


@pytest.mark.parametrize(
    ("right", "wrong", "error", "words"),
    [
        ("stim:", "stmi:", UnknownArgumentError, ["line 9", "did you mean 'stim'"]),
        ("data_args:", "data_arg:", UnknownArgumentError, ["line 7", "did you mean 'data_args'"]),
        ("StimulusContrast", "StimulusContrst", InputError,
         ["line 6", "contrast.data_loader", "did you mean 'StimulusContrast'"]),
        ("parameter: contrast", "parameter: intro", InputError, ["line 5", "not varied"]),
        ("stim: 15", "stim: 150", InputError, ["line 8", "contrast.data_args.tsteps", "150"]),
        ("[0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]", "[]", InputError, ["line 10", "empty"]),
        ("      stim: 15", "      stim: 15\n      stim: 16", DataError, ["line 10", "twice"]),
        ("status: trained", "status: trained\n    name: other", UnknownArgumentError, ["line 5"]),
    ],
)  # fmt: skip
def test_errors_name_the_file_the_line_and_the_near_name(tmp_path, right, wrong, error, words):
    path = tmp_path / "config.yaml"
    path.write_text(DOCUMENT.replace(right, wrong, 1))
    with pytest.raises(error) as caught:
        read_experiments(path)
    for word in [*words, str(path)]:
        assert word in str(caught.value)
