"""Write golden.json: what must come out the same with every release, machine and NumPy.

Run it only when a change of the orders is meant, and say so in the changelog:
every saved training state would go on in another order.
"""

import json
from pathlib import Path

import numpy as np

from neuroai_core import EpochOrder, Permutation
from neuroai_core.rng import digest, uniform, words

KEYS = [[], [0], [-1], [7, "epoch", 3], ["ä"], [2**70]]
ORDERS = {
    "plain": {"n": 50},
    "large": {"n": 10**10},
    "blocks": {"n": 23, "blocks": 5},
    "blocks, window": {"n": 10**6, "blocks": 100, "window": 5000},
    "list": {"n": 12, "blocks": [3, 0, 5, 1, 3], "window": 4},
}


def main() -> None:
    positions = np.r_[np.arange(5), 11]
    golden = {
        "digest": [{"keys": keys, "hex": digest(*keys).hex()} for keys in KEYS],
        "words": {"keys": [1, "words"], "values": words(1, "words", n=3).tolist()},
        "uniform": {
            "keys": [1, "uniform"],
            "hex": [w.hex() for w in uniform(1, "uniform", index=range(3), n=3).ravel().tolist()],
        },
        "permutation": [
            {"n": n, "keys": [5, "p"], "values": Permutation(n, 5, "p")(range(min(n, 6))).tolist()}
            for n in (1, 6, 4096, 4097, 10**6, 2**62)
        ],
        "order": [
            {
                "arguments": arguments,
                "seed": 3,
                "epoch": epoch,
                "positions": positions.tolist(),
                "values": EpochOrder(seed=3, **arguments).indices(epoch, positions).tolist(),
            }
            for arguments in ORDERS.values()
            for epoch in (0, 1)
        ],
    }
    Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
