"""Timed passes: which prompts, in which order, how long they took. One request at a time.

tps of a pass = counted completion tokens / seconds from each request to the end of its answer, over the prompts that come
for the first time. Those that come back show whether answers are remembered; they add nothing to the score.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collab_harness.client import Answer, Client, Streamed
from collab_harness.faults import SubmissionFault
from collab_harness.stats import welch


@dataclass(frozen=True)
class Timed:
    """One timed request: which prompt, and the answer with its timestamps."""

    prompt: str
    answer: Answer


@dataclass(frozen=True)
class Pass:
    requests: list[Timed]

    @property
    def seconds(self) -> float:
        return self.requests[-1].answer.received - self.requests[0].answer.sent


def choose(pool: Sequence[str], passes: int, size: int, repeats: int, rng: random.Random) -> list[list[str]]:
    """Prompts of each pass: all different while the pool lasts, but every later pass brings back `repeats` of the first.

    Which prompts, their order, and which of them come back is up to the seed.
    """
    order = rng.sample(list(pool), len(pool))
    drawn = [order[(i * size + k) % len(order)] for i in range(passes) for k in range(size)]
    chosen = [drawn[i * size : (i + 1) * size] for i in range(passes)]
    for later in chosen[1:]:
        later[:repeats] = rng.sample(chosen[0], min(repeats, size))
    for prompts in chosen:
        rng.shuffle(prompts)
    return chosen


def run_pass(client: Client, prompts: Sequence[str], tokens: int, box_s: float) -> Pass:
    """Ask one after another until all are answered or the time box is used up (the request in hand is completed)."""
    requests: list[Timed] = []
    for prompt in prompts:
        requests.append(Timed(prompt, client.chat(prompt, tokens)))
        if requests[-1].answer.received - requests[0].answer.sent > box_s:
            break
    return Pass(requests)


def first_times(passes: Sequence[Pass]) -> list[list[Timed]]:
    """Of each pass the requests whose prompt was not asked before; all of them where there is none."""
    asked: set[str] = set()
    found = []
    for one in passes:
        found.append([r for r in one.requests if r.prompt not in asked] or one.requests)
        asked.update(r.prompt for r in one.requests)
    return found


def throughput(requests: Sequence[Timed], count: Callable[[Answer], int]) -> float:
    """Tokens per second; `count` is the harness's own count of the tokens of an answer."""
    return sum(count(r.answer) for r in requests) / sum(r.answer.seconds for r in requests)


@dataclass(frozen=True)
class Latency:
    """Seconds, and pieces per second; means over streamed answers. Shown, never ranked.

    first_token   = arrival of the first piece - request          (time to first token)
    between_tokens = (arrival of the last - of the first) / (pieces - 1)   (inter-token latency; pieces may hold several tokens)
    decode_rate   = 1 / between_tokens                             (without the prompt's share)
    """

    first_token: float
    between_tokens: float
    decode_rate: float | None
    n: int


def latency(streams: Sequence[Streamed]) -> Latency:
    """Answers of fewer than two pieces say nothing and are a fault."""
    if not streams or any(len(s.arrived) < 2 for s in streams):
        raise SubmissionFault("streaming: fewer than two pieces")
    first = statistics.fmean(s.arrived[0] - s.sent for s in streams)
    between = statistics.fmean((s.arrived[-1] - s.arrived[0]) / (len(s.arrived) - 1) for s in streams)
    return Latency(first, between, 1 / between if between > 0 else None, len(streams))


@dataclass(frozen=True)
class Reuse:
    """Speed-up of prompts that came back, over the drift of prompts that did not: estimate and lower bound."""

    speedup: float
    lower: float
    n: int


def reuse(passes: Sequence[Pass], confidence: float) -> Reuse:
    """Are prompts of the first pass faster when they come back, beyond what fresh prompts gain by drift?

    d = ln(time in the first pass / time later) of a prompt that came back, minus the mean over fresh prompts of
    ln(geometric mean of the first pass / time later). The lower bound is one-sided at `confidence` (Welch).
    """
    first = {r.prompt: math.log(r.answer.seconds) for r in passes[0].requests}
    usual = statistics.fmean(first.values())
    later = [(r.prompt, math.log(r.answer.seconds)) for one in passes[1:] for r in one.requests]
    back = [first[prompt] - seconds for prompt, seconds in later if prompt in first]
    fresh = [usual - seconds for prompt, seconds in later if prompt not in first]
    if len(back) < 2 or len(fresh) < 2:
        return Reuse(0.0, 0.0, 0)
    gain = welch(back, fresh)
    return Reuse(math.expm1(gain.value), math.expm1(gain.lower(confidence)), len(back))
