"""Does a submission still answer as the original did? A fixed exam, paired with the stored answers of the baseline.

An exam is a private file, made once by `eval prepare`: {"form": "letters" | "cloze", "max_tokens": n, "gated": [set, ...],
"first": n, "items": [{"id", "set", "prompt", "options": [...], "answer"}], "baseline": {id: was it right}}. Pairing gives the
power: only items whose answer changed matter. A set that is not gated is reported alone (198 items resolve no small loss).

With `first`, so many gated items are asked at first, and the others only when those do not pass: then all decide together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collab_harness.faults import HarnessFault
from collab_harness.multiple_choice import LETTERS, extract, pair
from collab_harness.stats import (
    Paired, mcnemar_exact, non_inferiority_items, non_inferiority_power, non_inferiority_z, normal_quantile, wilson,
)  # fmt: skip
from collab_harness.summary import Measured

Json = dict[str, Any]

# Chance that an author whose work loses as much as the margin allows ever passes: shared out over looks and exams.
ALPHA = 0.05
# Shares of changed answers for which the power is shown; honest numeric noise changes a few in a hundred.
SHARES = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Item:
    id: str
    set: str
    prompt: str
    options: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Exam:
    form: str
    max_tokens: int
    gated: tuple[str, ...]
    items: tuple[Item, ...]
    baseline: Mapping[str, bool]
    first: int | None = None

    def confidence(self, lost: int = 0) -> float:
        """Of one look: Bonferroni over the looks; after each exam that the author has lost half of what was left (alpha spending)."""
        return 1 - ALPHA / (2 if self.first else 1) / 2**lost


def read_exam(raw: Any) -> Exam:
    """From parsed JSON; anything missing is a fault of who prepared it."""
    try:
        items = tuple(Item(i["id"], i["set"], i["prompt"], tuple(i["options"]), i["answer"]) for i in raw["items"])
        exam = Exam(raw["form"], raw["max_tokens"], tuple(raw["gated"]), items, raw["baseline"], raw.get("first"))
    except (KeyError, TypeError) as error:
        raise HarnessFault(f"downstream.json: {error!r}") from error
    if exam.form not in READERS or {item.id for item in items} != set(exam.baseline) or not items:
        raise HarnessFault("downstream.json: another form, or not one stored answer per item")
    return exam


def cloze(text: str, options: Sequence[str]) -> str | None:
    """The option that is said first, as a word of its own; None when none is."""
    found = [(match.start(), option) for option in options if (match := re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text))]
    return min(found)[1] if found else None


def letter(text: str, options: Sequence[str]) -> str | None:
    """The pinned last line `ANSWER: X` of multiple_choice."""
    return extract(text, min(len(options), len(LETTERS)))


READERS: dict[str, Callable[[str, Sequence[str]], str | None]] = {"cloze": cloze, "letters": letter}


def sit(exam: Exam, reply: Callable[[str, int], str], enough: Callable[[Mapping[str, bool]], bool] | None = None) -> dict[str, bool]:
    """Ask the items; whether each answer is right, by id. No readable answer is a wrong one.

    `enough` is asked once, after the first part; without it every item is asked.
    """
    reader = READERS[exam.form]
    now: dict[str, bool] = {}
    items = in_order(exam)
    first = exam.first and len(items) - sum(item.set in exam.gated for item in items) + exam.first
    for number, item in enumerate(items):
        if enough and number == first and enough(now):
            break
        now[item.id] = reader(reply(item.prompt, exam.max_tokens), item.options) == item.answer
    return now


def in_order(exam: Exam) -> list[Item]:
    """As they are asked: in two parts where there is a first one, and what is only reported before the second."""
    gated = [item for item in exam.items if item.set in exam.gated]
    reported = [item for item in exam.items if item.set not in exam.gated]
    return [*reported, *gated] if exam.first else list(exam.items)


def of_set(exam: Exam, now: Mapping[str, bool], sets: Sequence[str]) -> Paired:
    """Pairs of the items of some sets that were asked."""
    chosen = [item.id for item in exam.items if item.set in sets and item.id in now]
    return pair({i: exam.baseline[i] for i in chosen}, {i: now[i] for i in chosen})


def lower_bound(pairs: Paired, confidence: float) -> float:
    """One-sided lower confidence bound of accuracy now - before, at most 0: the margins that the score test accepts (Tango 1998)."""
    z = normal_quantile(confidence)
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if non_inferiority_z(pairs, middle) > z else (middle, high)
    return -high if high > 1e-12 else 0.0


def gate_value(exam: Exam, now: Mapping[str, bool], lost: int = 0) -> Measured:
    """What the gate is held against: at worst, how much accuracy was lost. `lost`: exams that the author lost before."""
    pairs, confidence = of_set(exam, now, exam.gated), exam.confidence(lost)
    note = f"lower bound ({confidence:.2%}) of accuracy now - the original's; {pairs.lost} lost, {pairs.won} won of {pairs.n}"
    return Measured(lower_bound(pairs, confidence), pairs.n, pairs.se if math.isfinite(pairs.se) else None, note)


def report(exam: Exam, now: Mapping[str, bool], margin: float) -> Json:
    """For people: accuracies with intervals, McNemar's test, and what so many items can resolve."""
    sets = sorted({item.set for item in exam.items if item.id in now})
    return {"sets": {name: _of(exam, now, name) for name in sets}, "margin": margin, "power": power_table(exam, margin)}


def _of(exam: Exam, now: Mapping[str, bool], name: str) -> Json:
    pairs = of_set(exam, now, [name])
    ids = [item.id for item in exam.items if item.set == name and item.id in now]
    right, before = sum(now[i] for i in ids), sum(exam.baseline[i] for i in ids)
    return {
        "gated": name in exam.gated, "items": pairs.n, "accuracy": right / pairs.n, "accuracy_ci95": wilson(right, pairs.n, 0.95),
        "original": before / pairs.n, "lost": pairs.lost, "won": pairs.won, "mcnemar_p": mcnemar_exact(pairs),
    }  # fmt: skip


def power_table(exam: Exam, margin: float) -> list[Json]:
    """For shares of changed answers: the chance that equal accuracy passes, and the items that would give 99.8 %."""
    n = sum(item.set in exam.gated for item in exam.items)
    alpha = 1 - exam.confidence()
    return [
        {"changed": d, "items": n, "power": non_inferiority_power(n, d, margin, alpha), "needed": non_inferiority_items(d, margin, alpha, 0.998)}
        for d in SHARES
    ]  # fmt: skip
