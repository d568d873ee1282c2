"""What importing costs and changes: nothing but numpy and the standard library, no traces."""

import json
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import neuroai_core
import neuroai_core.files

PROBE = """
import os, random, socket, sys, json
refuse = lambda *a, **k: (_ for _ in ()).throw(RuntimeError("network at import"))
socket.socket.connect = socket.getaddrinfo = refuse
import logging
import numpy as np
written = []
sys.addaudithook(lambda event, a: written.append(str(a[0])) if event == "open" and (
    (isinstance(a[1], str) and set(a[1]) & set("wax+"))
    or (a[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) else None)
before = dict(os.environ)
seeds = random.getstate(), np.random.get_state(legacy=False)
handlers = list(logging.root.handlers), logging.root.level, set(logging.root.manager.loggerDict)
import importlib
for name in NAMES:
    importlib.import_module(name)
after = np.random.get_state(legacy=False)
assert random.getstate() == seeds[0] and after["state"]["pos"] == seeds[1]["state"]["pos"]
assert (after["state"]["key"] == seeds[1]["state"]["key"]).all()
assert dict(os.environ) == before, "environment"
assert (list(logging.root.handlers), logging.root.level) == handlers[:2], "logging"
assert not written, written
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def modules() -> list[str]:
    root = Path(neuroai_core.__file__).parent
    parts = (path.relative_to(root.parent).with_suffix("").parts for path in root.rglob("*.py"))
    return sorted({".".join(p).removesuffix(".__init__") for p in parts})


def loaded(names: list[str]) -> set[str]:
    # -I: no user site, no PYTHON* variables; -B: no bytecode, which would be a write of Python's.
    command = [sys.executable, "-I", "-B", "-c", f"NAMES = {names!r}\n{PROBE}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def numpy_alone() -> set[str]:
    """What numpy itself, and the environment's start-up files, bring."""
    return loaded(["numpy", "numpy.random", "numpy.typing"])


def test_every_module_loads_numpy_and_the_standard_library_only() -> None:
    names = modules()
    assert "neuroai_core.files.download" in names
    extra = loaded(names) - numpy_alone() - set(sys.stdlib_module_names)
    assert extra == {"neuroai_core"}


def test_the_top_level_leaves_the_network_out() -> None:
    network = ["ssl", "http.client", "urllib.request"]
    code = f"import sys, neuroai_core; print([n for n in {network} if n in sys.modules])"
    command = [sys.executable, "-I", "-c", code]
    assert subprocess.check_output(command, text=True, timeout=60).strip() == "[]"


def test_numpy_is_the_only_requirement() -> None:
    declared = [r for r in requires("neuroai-core") or [] if "extra ==" not in r]
    assert [r.partition(">")[0] for r in declared] == ["numpy"]


def test_all_is_sorted_and_there() -> None:
    names = neuroai_core.__all__
    assert names == sorted(names)
    assert all(hasattr(neuroai_core, name) for name in names)
    assert neuroai_core.files.__all__ == sorted(neuroai_core.files.__all__)
