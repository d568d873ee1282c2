import copy
import errno
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import errors
from neuroai_core.errors import (
    DataError,
    InputError,
    MissingExtraError,
    NeuroAIError,
    NotFoundError,
    ProblemsError,
    UnknownArgumentError,
    UnknownNameError,
    check_known,
    problems,
    strict_arguments,
    unknown_name,
    whole_number,
)
from neuroai_core.extras import require

CLASSES = [
    NeuroAIError,
    InputError,
    UnknownNameError,
    UnknownArgumentError,
    DataError,
    NotFoundError,
    ProblemsError,
    MissingExtraError,
]
PARTS = {
    "path": Path("a/b.tar"),
    "key": "rate",
    "index": 3,
    "expected": "1",
    "found": [2],
    "hint": "h",
}


def test_every_class_is_here() -> None:
    defined = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)}
    assert defined == set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_an_error_survives_copy_and_pickle(
    cls: type[NeuroAIError], copied: Callable[[NeuroAIError], NeuroAIError]
) -> None:
    error = cls("it is wrong", **PARTS)
    error.add_note("a note")
    again = copied(error)
    assert type(again) is cls
    assert str(again) == str(error)
    assert {part: getattr(again, part) for part in PARTS} == PARTS
    assert again.args == ("it is wrong",)
    assert again.__notes__ == ["a note"]


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_can_be_made_of_its_text_alone(cls: type[NeuroAIError]) -> None:
    # torch rebuilds the error of a DataLoader worker as type(error)(text).
    assert str(cls("Caught it in worker 0")) == "Caught it in worker 0"
    assert getattr(cls, "message", None) is None  # torch would call it with message=


def test_what_is_said_stands_in_the_text() -> None:
    error = DataError("bad", path="p", key="k", index=0, expected=False, found="", hint="do")
    parts = ["path: p", "key: k", "index: 0", "expected: False", "found: ", "hint: do"]
    assert str(error) == "\n  ".join(["bad", *parts])


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (InputError, ValueError),
        (UnknownNameError, ValueError),
        (UnknownArgumentError, TypeError),
        (NotFoundError, FileNotFoundError),
        (MissingExtraError, ImportError),
        (ProblemsError, DataError),
    ],
)
def test_code_that_knows_only_python_catches_them(cls: type, builtin: type) -> None:
    assert issubclass(cls, builtin)
    assert issubclass(cls, NeuroAIError)


def test_not_found_says_what_os_errors_say() -> None:
    for error in (
        NotFoundError("gone", path="a"),
        pickle.loads(pickle.dumps(NotFoundError("gone", path="a"))),
    ):
        assert (error.errno, error.filename, error.path) == (errno.ENOENT, "a", "a")


def test_a_value_that_cannot_travel_travels_as_its_text() -> None:
    error = DataError("bad", found=(i for i in range(3)), path=Path("a"))
    again = pickle.loads(pickle.dumps(error))
    assert again.found.startswith("<generator object")
    assert again.path == Path("a")


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        yield executor


def test_errors_cross_spawned_processes(pool: ProcessPoolExecutor) -> None:
    for cls in CLASSES:
        again = pool.submit(cls, "made there", **PARTS).result()
        assert type(again) is cls
        assert again.index == 3
    with pytest.raises(InputError) as raised:
        pool.submit(whole_number, "n", -1, least=0).result()
    assert (raised.value.key, raised.value.found) == ("n", -1)
    with pytest.raises(MissingExtraError) as missing:
        pool.submit(require, "no_such_module", package="neural-shards", extra="nwb").result()
    assert missing.value.name == "no_such_module"
    assert missing.value.path is None
    assert pool.submit(problems, "two", ["a", "b"]).result().problems == ("a", "b")


@pytest.mark.parametrize(
    ("given_name", "known", "meant"),
    [
        ("batch-size", ["batch_size", "seed"], "batch_size"),
        ("batchsize", ["batch_size", "seed"], "batch_size"),
        ("CIFAR-10", ["cifar10", "cifar100"], "cifar10"),
        ("cifar_100", ["cifar10", "cifar100"], "cifar100"),
        ("invertebrate", ["alphabet", "invertebrates"], "invertebrates"),
        ("Seed", ["batch_size", "seed"], "seed"),
        ("zebra", ["batch_size", "seed"], None),
        ("", ["seed"], None),
    ],
)
def test_the_near_name_is_suggested(given_name: str, known: list[str], meant: str | None) -> None:
    hint = unknown_name("name", given_name, known).hint
    assert hint == (f"did you mean {meant!r}?" if meant else None)


def test_a_long_list_of_names_is_cut() -> None:
    error = unknown_name("class", "n9", [f"n{i:04}" for i in range(1000)])
    assert str(error.expected).endswith("'n0019' and 980 more")
    assert unknown_name("class", "a", []).expected == "(there is no class)"


def test_check_known_names_the_first_unknown() -> None:
    check_known("tail", ["drop"], iter(["drop", "pad"]))
    with pytest.raises(UnknownNameError, match="unknown tail 'dorp'") as raised:
        check_known("tail", ["pad", "dorp", "x"], iter(["drop", "pad"]), key="tail")
    assert raised.value.key == "tail"
    with pytest.raises(UnknownNameError):
        check_known("class", [7], ["7"])  # a number is no text


def test_problems_keeps_the_list() -> None:
    error = problems("not valid", ["a", "b"], path="x")
    assert error.problems == ("a", "b")
    assert "2 problem(s)\n    - a\n    - b" in str(error)


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_whole_number_is_within(value: int, least: int, most: int) -> None:
    if least <= value <= most:
        assert whole_number("n", value, least=least, most=most) == value
    else:
        with pytest.raises(InputError, match="n is out of range"):
            whole_number("n", value, least=least, most=most)


@pytest.mark.parametrize("value", [1.0, "1", None, [1]])
def test_whole_number_takes_nothing_else(value: object) -> None:
    with pytest.raises(InputError, match="n is no whole number"):
        whole_number("n", value, least=0)


@strict_arguments
def load(path: str, /, *, batch_size: int = 32) -> tuple[str, int]:
    """Load."""
    return path, batch_size


@strict_arguments
def open_ended(path: str, **options: int) -> tuple[str, dict[str, int]]:
    return path, options


class Thing:
    @strict_arguments
    def __init__(self, *names: str, size: int = 1) -> None:
        self.names, self.size = names, size

    @classmethod
    @strict_arguments
    def make(cls, size: int) -> "Thing":
        return cls(size=size)


def test_strict_arguments_lets_right_calls_through() -> None:
    assert load("a", batch_size=2) == ("a", 2)
    assert load.__doc__ == "Load."
    assert open_ended("a", anything=1) == ("a", {"anything": 1})
    assert Thing("a", "b", size=3).names == ("a", "b")
    assert Thing.make(size=4).size == 4


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        (
            lambda: load("a", batchsize=2),
            "load() has no argument 'batchsize'",
            "one of 'batch_size'",
        ),
        (lambda: load(path="a"), "load() has no argument 'path'", "one of 'batch_size'"),
        (lambda: Thing(sise=3), "Thing() has no argument 'sise'", "one of 'size'"),
        (lambda: Thing(names=3), "Thing() has no argument 'names'", "one of 'size'"),
        (lambda: Thing.make(cls=3), "Thing.make() has no argument 'cls'", "one of 'size'"),
    ],
)
def test_strict_arguments_names_the_unknown(
    call: Callable[[], object], text: str, expected: str
) -> None:
    with pytest.raises(UnknownArgumentError) as raised:
        call()
    assert (raised.value.message, raised.value.expected) == (text, expected)


def test_other_wrong_calls_stay_what_they_are() -> None:
    with pytest.raises(TypeError, match="missing 1 required"):
        load()


def test_a_local_function_goes_by_its_own_name() -> None:
    @strict_arguments
    def inner() -> None: ...

    with pytest.raises(UnknownArgumentError, match=r"^inner\(\) has no argument 'x'") as raised:
        inner(x=1)
    assert raised.value.expected == "no keywords"
