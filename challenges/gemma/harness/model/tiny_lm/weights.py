"""The model as a file: tokenizer merges and the training text as token ids. Counting them again takes milliseconds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tiny_lm.ngram import NGram
from tiny_lm.tokenizer import Tokenizer


@dataclass(frozen=True)
class Model:
    tokenizer: Tokenizer
    ngram: NGram


def load(path: Path) -> Model:
    """Read weights.json as `train.py` writes it."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return build([(a, b) for a, b in raw["merges"]], raw["ids"], raw["order"])


def build(merges: list[tuple[int, int]], ids: list[int], order: int) -> Model:
    tokenizer = Tokenizer(merges)
    ngram = NGram(order, tokenizer.size)
    ngram.train(ids)
    return Model(tokenizer, ngram)
