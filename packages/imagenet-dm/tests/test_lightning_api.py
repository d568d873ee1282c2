import subprocess
import sys

CODE = """
import importlib.abc, sys

class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "lightning":
            raise ModuleNotFoundError(name, name=name)

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "lightning" else found(name, *a)
sys.meta_path.insert(0, Hidden())
try:
    import pytorch_lightning
except ModuleNotFoundError:
    print("skip")
    raise SystemExit
from imagenet_dm.lightning_api import LightningDataModule
assert LightningDataModule is pytorch_lightning.LightningDataModule
print("works")
"""


def test_works_where_only_pytorch_lightning_is():
    # lightning brings pytorch_lightning along as a dependency.
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "works"
