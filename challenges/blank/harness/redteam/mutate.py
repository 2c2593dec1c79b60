"""Run the harness with some of its defences switched off, to prove that each of them is what catches a cheat.

    python3 mutate.py NAME[,NAME...] run.py ARGUMENTS...

A name is a gate or a layer of isolation. Never uploaded; run.py itself has no such switch.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collab_harness import isolation, summary  # noqa: E402


def without_layer(name: str) -> None:
    isolation.LAYERS = tuple(layer for layer in isolation.LAYERS if layer != name)


def without_gate(name: str) -> None:
    """The gate is measured and always holds."""
    original = summary.judge
    summary.judge = lambda gate, found: original(gate, found) | ({"pass": True} if gate["id"] == name else {})


if __name__ == "__main__":
    names, entry, sys.argv = sys.argv[1], sys.argv[2], sys.argv[2:]
    for one in names.split(","):
        (without_layer if one in isolation.LAYERS else without_gate)(one)
    runpy.run_path(entry, run_name="__main__")
