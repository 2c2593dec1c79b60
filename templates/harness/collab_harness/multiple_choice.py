"""Multiple-choice questions, paired against the answers that the baseline gave to the same ones.

The prompt and the way an answer is read are pinned here: another template moves accuracy by tens of points. Power comes
from pairing: only questions whose answer changed matter (McNemar). 198 questions cannot resolve a small loss.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from collab_harness.stats import Paired, non_inferiority_items, non_inferiority_z, normal_quantile

LETTERS = "ABCDEFGHIJ"

TEMPLATE = """Answer the following multiple choice question. The last line of your answer must be of the form
'ANSWER: $LETTER' (without quotes), where LETTER is one of {letters}. Think step by step before you answer.

{question}

{options}"""

_ANSWER = re.compile(r"ANSWER\s*:\s*\**\(?([A-J])\b", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    options: tuple[str, ...]
    answer: str

    def prompt(self) -> str:
        """The pinned prompt; options keep the order of the data set."""
        letters = LETTERS[: len(self.options)]
        options = "\n".join(f"{letter}) {text}" for letter, text in zip(letters, self.options))
        return TEMPLATE.format(letters=",".join(letters), question=self.question, options=options)


def extract(text: str, choices: int) -> str | None:
    """The last 'ANSWER: X' of a reply, when X is one of the choices. No guess: None is a wrong answer."""
    found = [letter.upper() for letter in _ANSWER.findall(text)]
    return found[-1] if found and found[-1] in LETTERS[:choices] else None


def answers(questions: Sequence[Question], reply: Callable[[str], str]) -> dict[str, bool]:
    """Whether each question was answered rightly, by id."""
    return {q.id: extract(reply(q.prompt()), len(q.options)) == q.answer for q in questions}


def pair(before: Mapping[str, bool], now: Mapping[str, bool]) -> Paired:
    """Answers to the same questions. A question that is missing on either side is an error, not a wrong answer."""
    if before.keys() != now.keys():
        raise ValueError(f"not the same questions: {sorted(before.keys() ^ now.keys())[:5]}")
    lost = sum(before[i] and not now[i] for i in before)
    won = sum(now[i] and not before[i] for i in before)
    return Paired(lost, won, len(before))


@dataclass(frozen=True)
class NonInferiority:
    """Whether accuracy is shown to be not lower than before by `margin` or more."""

    holds: bool
    difference: float
    se: float
    n: int
    z: float
    needed: int


def not_inferior(pairs: Paired, margin: float, alpha: float, power: float = 0.9) -> NonInferiority:
    """One-sided score test at level `alpha`. `needed`: questions that would resolve the margin with that power."""
    z = non_inferiority_z(pairs, margin)
    discordant = max(pairs.lost + pairs.won, 1) / pairs.n
    needed = non_inferiority_items(discordant, margin, alpha, power)
    return NonInferiority(z > normal_quantile(1 - alpha), pairs.difference, pairs.se, pairs.n, z, needed)
