"""The emitted-token audit: the original model is teacher-forced over the tokens that were emitted while being timed.

top-1 agreement = share of emitted tokens that are the original's own first choice at their place
NLL gap         = mean over emitted tokens of (log p of the original's first choice - log p of the emitted token), nats

Both condition on the submission's own prefix, so an honest numeric tie that sends the rest of an answer another way
costs one token, not the rest (facts: batching noise makes honest runs diverge). They look only at what a user would
have got: log-probabilities, counts and other claims of the submission play no part.

Conditioning on the submission's own prefix has a price: a model goes on with whatever repeats, so a loop or a stock text
agrees with it and costs nothing to emit. A token that agrees, but ends a run of REPEAT tokens which was emitted before in
the same run of the harness, proves nothing and is left out; one that does not agree counts wherever it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collab_harness.client import Json, logprob

# Two tokens whose log-probabilities differ by less are one and the same choice.
TIE_NATS = 1e-6
# Shorter runs of tokens come back in any honest text.
REPEAT = 8


@dataclass(frozen=True)
class Emitted:
    """One timed answer: the prompt as the original's tokenizer sees it, and the tokens that came back."""

    prompt: tuple[int, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Estimate:
    """A mean over n tokens with its standard error, which takes the tokens of one answer as a cluster."""

    value: float
    se: float
    n: int


@dataclass(frozen=True)
class Audit:
    top1: Estimate
    nll_gap: Estimate


Logprobs = Callable[[list[int]], "list[Json | None]"]


def audit(answers: Sequence[Emitted], logprobs: Logprobs) -> Audit:
    """Audit every answer; equal ones are looked up once."""
    agree: list[tuple[float, int]] = []
    gaps: list[tuple[float, int]] = []
    seen: set[tuple[int, ...]] = set()
    gap_of = {answer: forced(answer, logprobs) for answer in dict.fromkeys(answers)}
    for answer in answers:
        repeated = repeats(answer.ids, seen)
        tokens = [gap for gap, again in zip(gap_of[answer], repeated) if gap > TIE_NATS or not again]
        agree.append((sum(gap <= TIE_NATS for gap in tokens), len(tokens)))
        gaps.append((math.fsum(tokens), len(tokens)))
    return Audit(cluster_mean(agree), cluster_mean(gaps))


def repeats(ids: Sequence[int], seen: set[tuple[int, ...]]) -> list[bool]:
    """For each token: whether the REPEAT tokens that end with it were emitted before. Adds those of this answer to `seen`."""
    found = []
    for end in range(1, len(ids) + 1):
        run = tuple(ids[max(0, end - REPEAT) : end])
        found.append(len(run) == REPEAT and run in seen)
        seen.add(run)
    return found


def forced(answer: Emitted, logprobs: Logprobs) -> list[float]:
    """For each emitted token: log p of the original's first choice minus log p of the token, in nats, at least 0."""
    sequence = [*answer.prompt, *answer.ids]
    entries = logprobs(sequence)
    gaps = []
    for place in range(len(answer.prompt), len(sequence)):
        own, _, best = logprob(entries[place], sequence[place])
        gaps.append(max(0.0, best - own))
    return gaps


def cluster_mean(clusters: Sequence[tuple[float, int]]) -> Estimate:
    """Ratio estimate sum(y)/sum(n) and its linearized standard error (Cochran 1977, Sampling Techniques, eq. 9A.8)."""
    n = sum(size for _, size in clusters)
    if n == 0:
        return Estimate(math.nan, math.nan, 0)
    mean = math.fsum(total for total, _ in clusters) / n
    k = len(clusters)
    if k < 2:
        return Estimate(mean, math.nan, n)
    residual = math.fsum((total - mean * size) ** 2 for total, size in clusters)
    return Estimate(mean, math.sqrt(residual * k / (k - 1)) / n, n)
