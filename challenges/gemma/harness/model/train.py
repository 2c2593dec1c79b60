"""Train the tiny model from data/corpus.txt: `python3 train.py` writes weights.json, the same bytes every time."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tiny_lm.tokenizer import EOS, Tokenizer, train_merges  # noqa: E402

MERGES = 1200
ORDER = 4


def train(text: str) -> str:
    """weights.json as text: one document per paragraph, each closed by the end-of-text token."""
    merges = train_merges(text, MERGES)
    tokenizer = Tokenizer(merges)
    ids: list[int] = []
    for paragraph in text.strip().split("\n\n"):
        ids.extend([*tokenizer.encode(paragraph.strip()), EOS])
    return json.dumps({"order": ORDER, "merges": merges, "ids": ids}, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    corpus = (HERE.parent / "data" / "corpus.txt").read_text(encoding="utf-8")
    (HERE / "weights.json").write_text(train(corpus), encoding="utf-8")
