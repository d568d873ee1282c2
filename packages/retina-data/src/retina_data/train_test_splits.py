"""The containers of a whole data set under openretina's names."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, NeuroAIError, problems

Array = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class MoviesTrainTestSplit:
    """The movies of a data set or of a session.

    Parameters
    ----------
    train
        ``(channels, time, height, width)``.
    test_dict
        Test movies by name, of the same axes.
    test
        The only test movie, in place of `test_dict`.
    stim_id
        Which stimulus it is, as in the responses.
    random_sequences
        Order of the training clips, ``(clips, sequences)`` (Hoefling 2024).
    norm_mean, norm_std
        What the values were normalised by.
    path
        The file they came from, for messages.
    """

    train: Array
    test_dict: dict[str, Array] = field(default_factory=dict)
    test: InitVar[Array | None] = None
    stim_id: str | None = None
    random_sequences: npt.NDArray[np.integer] | None = None
    norm_mean: float | None = None
    norm_std: float | None = None
    path: object = None

    def __post_init__(self, test: Array | None) -> None:
        object.__setattr__(self, "test_dict", _tests(self.test_dict, test))
        found = []
        for name, movie in {"train": self.train, **self.test_dict}.items():
            if movie.ndim != 4:
                found.append(f"{name}: shape {movie.shape}, not (channels, time, height, width)")
            elif self.train.ndim == 4 and _still(movie) != _still(self.train):
                found.append(
                    f"{name}: {_still(movie)} (channels, height, width), "
                    f"train: {_still(self.train)}"
                )
        if found:
            raise problems("the movies do not fit together", found, path=self.path)

    @property
    def test_movie(self) -> Array:
        """The only test movie."""
        return _only(self.test_dict)

    @property
    def test_shape(self) -> tuple[int, ...]:
        """Shape of the longest test movie."""
        return max((t.shape for t in self.test_dict.values()), key=lambda shape: shape[1])


@dataclass(frozen=True, eq=False)
class ResponsesTrainTestSplit:
    """The responses of a session.

    Parameters
    ----------
    train
        ``(neurons, time)``.
    test_dict
        Mean test responses by name, of the same axes.
    test
        The only test responses, in place of `test_dict`.
    test_by_trial
        Single trials of the only test, ``(trials, neurons, time)``.
    test_by_trial_dict
        Single trials by name, in place of `test_by_trial`.
    stim_id
        Which stimulus it is, as in the movies.
    session_kwargs
        What else is known of the session: the eye, the neurons.
    path
        The file they came from, for messages.
    """

    train: Array
    test_dict: dict[str, Array] = field(default_factory=dict)
    test: InitVar[Array | None] = None
    test_by_trial: Array | None = None
    test_by_trial_dict: dict[str, Array] = field(default_factory=dict)
    stim_id: str | None = None
    session_kwargs: dict[str, Any] = field(default_factory=dict)
    path: object = None

    def __post_init__(self, test: Array | None) -> None:
        object.__setattr__(self, "test_dict", _tests(self.test_dict, test))
        if self.test_by_trial is not None and not self.test_by_trial_dict:
            if len(self.test_dict) > 1:
                raise InputError(
                    "single trials are given for one of several tests",
                    key="test_by_trial",
                    hint="use test_by_trial_dict to say which",
                )
            trials = {next(iter(self.test_dict)): self.test_by_trial}
            object.__setattr__(self, "test_by_trial_dict", trials)
        found = _response_problems(self)
        if found:
            raise problems("the responses do not fit together", found, path=self.path)

    @property
    def n_neurons(self) -> int:
        """How many neurons there are."""
        return int(self.train.shape[0])

    @property
    def test_neurons(self) -> int:
        """How many neurons the tests have: as many."""
        return self.n_neurons

    @property
    def test_response(self) -> Array:
        """The only test responses."""
        return _only(self.test_dict)

    def get_test_by_trial(self, name: str = "test") -> Array | None:
        """Give the single trials of a test, or None."""
        return self.test_by_trial_dict.get(name)

    def check_matching_stimulus(self, movies: MoviesTrainTestSplit) -> None:
        """Raise `ProblemsError`, listing all, if these are not responses to `movies`."""
        found = []
        if self.stim_id and movies.stim_id and self.stim_id != movies.stim_id:
            found.append(f"stim_id: responses {self.stim_id!r}, movies {movies.stim_id!r}")
        names = sorted(set(self.test_dict) | set(movies.test_dict))
        pairs = {"train": (self.train, movies.train)} | {
            name: (self.test_dict.get(name), movies.test_dict.get(name)) for name in names
        }
        for name, (responses, movie) in pairs.items():
            if responses is None or movie is None:
                found.append(
                    f"{name}: only in the {'movies' if responses is None else 'responses'}"
                )
            elif responses.shape[1] != movie.shape[1]:
                found.append(
                    f"{name}: {responses.shape[1]} values in time for a movie of "
                    f"{movie.shape[1]} frames"
                )
        if found:
            raise problems("responses and movies do not match", found, path=self.path)


def _tests(tests: dict[str, Array], test: Array | None) -> dict[str, Array]:
    if bool(tests) == (test is not None):
        raise InputError(
            "a split needs one kind of test",
            expected="either test or test_dict",
            found="both" if tests else "neither",
        )
    return tests if test is None else {"test": test}


def _only(tests: dict[str, Array]) -> Array:
    if len(tests) > 1:
        raise NeuroAIError("there is more than one test", found=", ".join(map(repr, tests)))
    return next(iter(tests.values()))


def _still(movie: Array) -> tuple[int, int, int]:
    return movie.shape[0], movie.shape[2], movie.shape[3]


def _response_problems(split: ResponsesTrainTestSplit) -> list[str]:
    neurons = split.train.shape[0]
    found = []
    for name, responses in {"train": split.train, **split.test_dict}.items():
        if responses.ndim != 2 or responses.shape[0] != neurons:
            found.append(f"{name}: shape {responses.shape}, not ({neurons} neurons, time)")
    for name, trials in split.test_by_trial_dict.items():
        if name not in split.test_dict:
            found.append(f"trials of {name!r}: there is no such test")
            continue
        shape = split.test_dict[name].shape
        if trials.ndim != 3 or trials.shape[1:] != shape:
            found.append(f"trials of {name!r}: shape {trials.shape}, not (trials, *{shape})")
    return found
