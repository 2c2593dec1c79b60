"""Perplexity of reference texts: exp(total negative log-likelihood / total target tokens), the micro average."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collab_harness.client import Json, logprob
from collab_harness.faults import SubmissionFault


@dataclass(frozen=True)
class Record:
    """Teacher forcing: the targets are predicted after the context, which itself does not count."""

    context: list[int]
    target: list[int]


@dataclass(frozen=True)
class Perplexity:
    ppl: float
    tokens: int


def records(raw: object) -> list[Record]:
    """From the parsed JSON list of `{id, context_token_ids, target_token_ids}`."""
    assert isinstance(raw, list)
    return [Record(r["context_token_ids"], r["target_token_ids"]) for r in raw]


def perplexity(texts: Sequence[Record], logprobs: Callable[[list[int]], "list[Json | None]"]) -> Perplexity:
    """As the asked server reports it. A token without a log-probability is a fault of that server."""
    total, tokens = 0.0, 0
    for text in texts:
        sequence = [*text.context, *text.target]
        entries = logprobs(sequence)
        for place in range(len(text.context), len(sequence)):
            total -= logprob(entries[place], sequence[place])[0]
            tokens += 1
    try:
        return Perplexity(math.exp(total / tokens), tokens)
    except OverflowError as error:
        raise SubmissionFault("the reported log-probabilities give no finite perplexity") from error
