"""summary.json, written by the harness process alone, whole or not at all."""

from __future__ import annotations

import json
import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}


@dataclass(frozen=True)
class Measured:
    """What was found for one gate: the value, over how many items, and how sure."""

    value: float
    n: int
    se: float | None = None
    note: str = ""


def judge(gate: Json, found: Measured) -> Json:
    """One entry of `gates`: the value, the limit, and whether the one holds against the other. NaN never passes."""
    passed = bool(_OPERATORS[gate["op"]](found.value, gate["limit"]))
    finite = {"value": _finite(found.value), "se": _finite(found.se)}
    return {"id": gate["id"], "op": gate["op"], "limit": gate["limit"], "pass": passed, "n": found.n, **finite, "note": found.note}


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def write_atomic(path: Path, payload: Json) -> None:
    """Write JSON so that a reader sees the old file or the new one, and a crash leaves no half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(payload, stream, indent=2, allow_nan=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
