from __future__ import annotations

import pytest

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols.experiments import Experiment, conditions


def experiment(**arguments):
    return Experiment(name="e", data_loader="StimulusDuration", data_args=arguments)


def test_every_short_name():
    made = conditions(
        Experiment(
            name="e",
            data_loader="StimulusInterval",
            data_args={
                "dsteps": 30,
                "stim": [3, 4],
                "intro": 2,
                "interval": [1, 5],
                "voidid": -5,
                "voidinput": 0.5,
            },
        )
    )
    assert [tuple(c.values.values()) for c in made] == [(3, 1), (3, 5), (4, 1), (4, 5)]
    assert all((c.void_label, c.void_value) == (-5, 0.5) for c in made)
    assert made[1].timeline.table().source[0, 0, :14].tolist() == (
        [-1] * 2 + [0] * 3 + [-1] * 5 + [0] * 3 + [-1]
    )


def test_any_protocol_by_name():
    made = conditions(
        Experiment(
            name="e",
            data_loader="masking",
            parameter="soa_duration",
            data_args={
                "n_timesteps": 20,
                "target_duration": 2,
                "soa_duration": [2, 4, 6],
                "mask_duration": 3,
                "mask": "other",
            },
        )
    )
    onsets = [c.timeline.table().source[0, 0].tolist().index(1) for c in made]
    assert onsets == [2, 4, 6]


def test_costs_are_known_before_anything_runs():
    (condition,) = conditions(experiment(tsteps=100, stim=10))
    assert condition.cost(images=50, image_bytes=12) == {
        "steps": 100,
        "frames": 5000,
        "bytes": 60000,
    }


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"tsteps": 10, "stmi": 3}, UnknownArgumentError, "did you mean 'stim'"),
        ({"tsteps": 10, "n_timesteps": 10, "stim": 3}, InputError, "twice"),
        ({"tsteps": 10, "stim": []}, InputError, "empty"),
        ({"tsteps": 10, "stim": [3, 20]}, InputError, "20"),
        ({"tsteps": 10, "stim": 3, "contrast": 0.5}, UnknownArgumentError, "contrast"),
        ({"tsteps": 10, "stim": 3, "voidinput": "gray"}, InputError, "data_args.voidinput"),
        ({"tsteps": 10, "stim": 3, "voidinput": "imagemean"}, InputError, "mean 'image_mean'"),
        ({"tsteps": 10, "stim": 3, "voidinput": [0.5, True]}, InputError, "True"),
        ({"tsteps": 10, "stim": 3, "voidid": "x"}, InputError, "data_args.voidid"),
        ({"tsteps": 10, "stim": 3, "voidid": 1.5}, InputError, "data_args.voidid"),
    ],
)
def test_what_is_wrong_is_named(arguments, error, word):
    with pytest.raises(error) as caught:
        experiment(**arguments)
    assert word in str(caught.value)
    assert str(caught.value.key).startswith("data_args")


def test_a_parameter_that_is_not_varied():
    with pytest.raises(InputError, match="not varied"):
        conditions(
            Experiment(
                name="e",
                parameter="intro",
                data_loader="StimulusDuration",
                data_args={"tsteps": 9, "stim": [1, 2]},
            )
        )


def test_loaders_that_are_not_there():
    with pytest.raises(InputError, match="did you mean 'StimulusContrast'"):
        conditions(Experiment(name="e", data_loader="StimulusContrst", data_args={}))
    # The full name does too.
    whole = Experiment(
        name="e", data_loader="StimulusDurationDataLoader", data_args={"tsteps": 4, "stim": 2}
    )
    assert len(conditions(whole)) == 1
