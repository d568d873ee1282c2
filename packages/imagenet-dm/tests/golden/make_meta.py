"""Make ``meta.mat`` and ``meta_plain.mat``: a development kit's table of five synsets, by scipy.

Run by hand with scipy 1.17; the files are kept, the tests need no scipy.
"""

from pathlib import Path

import numpy as np
from scipy.io import savemat

ROWS = [
    (1, "n02119789", "kit fox, Vulpes macrotis", "small grey fox", 0, [0], 0, 1300),
    (2, "n02100735", "English setter", "an English breed", 0, [0], 0, 1300),
    (3, "n01440764", "tench, Tinca tinca", "freshwater dace-like fish", 0, [0], 0, 1300),
    (1001, "n00004258", "living thing, animate thing", "a living entity", 2, [1, 2], 17, 0),
    (4, "n03000134", "chainlink fence", "naïve — not ASCII", 0, [0], 0, 1300),
]
KIND = [
    ("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"),
    ("num_children", "O"), ("children", "O"), ("wordnet_height", "O"), ("num_train_images", "O"),
]  # fmt: skip

if __name__ == "__main__":
    table = np.zeros((len(ROWS), 1), dtype=KIND)
    for at, row in enumerate(ROWS):
        values = [np.array([[v]], dtype=np.float64) if isinstance(v, int) else v for v in row]
        values[5] = np.array([row[5]], dtype=np.float64)
        table[at, 0] = tuple(values)
    here = Path(__file__).parent
    savemat(here / "meta.mat", {"other": np.arange(3), "synsets": table}, do_compression=True)
    savemat(here / "meta_plain.mat", {"synsets": table}, do_compression=False)
