"""The private exam (downstream.json): items, and which of them the original answers rightly.

The rehearsal's items are sentences of the tiny model's own world with the next word to be chosen; a model of the Hub gets
questions of published sets, from copies that were downloaded before:

    --mmlu-pro DIR    a copy of the dataset TIGER-Lab/MMLU-Pro (licence MIT), which is what the gate is about
    --gpqa DIR        a copy of the dataset Idavidrein/gpqa (licence CC BY 4.0; its authors ask not to republish it), reported

The licence in each copy's card must be the one named here. Both end in the private folder alone.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "model")]

from collab_harness.downstream import read_exam, sit  # noqa: E402
from collab_harness.faults import HarnessFault  # noqa: E402
from collab_harness.multiple_choice import LETTERS, Question  # noqa: E402

Json = dict[str, Any]
Reply = Callable[[str, int], str]

TINY_ITEMS, TINY_TOKENS, CHOICES = 120, 3, 4
# The first 500 are enough where few answers change by noise, all of them where one in ten does.
LETTER_ITEMS, LETTER_FIRST, LETTER_TOKENS = 1000, 500, 2048


def with_answers(exam: Json, reply: Reply) -> Json:
    """The exam with what the original answers rightly, asked and read as every submission will be."""
    unanswered = exam | {"baseline": {item["id"]: False for item in exam["items"]}}
    return exam | {"baseline": sit(read_exam(unanswered), reply)}


# --- the rehearsal ---


def tiny_exam(harness: Path, seed: str, reply: Reply) -> Json:
    """Sentences cut before a word, with three other words to choose from."""
    text = (harness / "data" / "corpus.txt").read_text(encoding="utf-8")
    rng = random.Random(f"exam {seed}")
    items = list(_cloze_items(text, rng))
    chosen = rng.sample(items, min(TINY_ITEMS, len(items)))
    numbered = [{"id": f"cloze-{i}", "set": "cloze", **item} for i, item in enumerate(chosen)]
    return with_answers({"form": "cloze", "max_tokens": TINY_TOKENS, "gated": ["cloze"], "items": numbered}, reply)


def words(text: str) -> list[str]:
    """Every word of four letters or more, once, in the order of the alphabet."""
    return sorted(set(re.findall(r"\b[a-z]{4,}\b", text)))


def _cloze_items(text: str, rng: random.Random) -> Iterator[Json]:
    vocabulary = words(text)
    for sentence in re.split(r"(?<=[.!?])\s+", text.replace("\n", " ")):
        places = [m for m in re.finditer(r"(?<= )[a-z]{4,}\b", sentence) if sentence.count(" ", 0, m.start()) >= 4]
        if not places:
            continue
        place = rng.choice(places)
        others = rng.sample([word for word in vocabulary if word != place.group()], CHOICES - 1)
        options = rng.sample([place.group(), *others], CHOICES)
        yield {"prompt": sentence[: place.start() - 1], "options": options, "answer": place.group()}


# --- published questions ---


@dataclass(frozen=True)
class Source:
    set: str
    licence: str
    gated: bool
    most: int
    rows: Callable[[Path], Iterator[tuple[str, list[str], int]]]


def letters_exam(folders: dict[str, Path], seed: str, reply: Reply) -> Json:
    """Questions of the downloaded sets, in the pinned template, as many as resolve the margin."""
    rng = random.Random(f"exam {seed}")
    items: list[Json] = []
    for name, folder in folders.items():
        source = SOURCES[name]
        check_licence(name, folder, source.licence)
        rows = list(source.rows(folder))
        for number, (question, options, right) in enumerate(rng.sample(rows, min(source.most, len(rows)))):
            items.append(_lettered(f"{source.set}-{number}", source.set, question, options, right, rng))
    gated = [SOURCES[name].set for name in folders if SOURCES[name].gated]
    exam = {"form": "letters", "max_tokens": LETTER_TOKENS, "gated": gated, "first": LETTER_FIRST, "items": items}
    return with_answers(exam, reply)


def _lettered(identity: str, name: str, question: str, options: list[str], right: int, rng: random.Random) -> Json:
    """Options in a fresh order, so that the place of the right one in the published file says nothing."""
    order = rng.sample(range(len(options)), len(options))
    mixed, answer = tuple(options[i] for i in order), LETTERS[order.index(right)]
    prompt = Question(identity, question, mixed, answer).prompt()
    return {"id": identity, "set": name, "prompt": prompt, "options": list(mixed), "answer": answer}


def check_licence(name: str, folder: Path, licence: str) -> None:
    """Raise HarnessFault unless the card of the copy names this licence."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    found = re.search(r"^license:\s*([\w.-]+)\s*$", text.split("\n---", 1)[0], re.MULTILINE)
    if not found or found.group(1) != licence:
        said = found.group(1) if found else "nothing"
        raise HarnessFault(f"--{name}: the card of {folder} says {said} of its licence, {licence} was expected: read its terms first")


def _mmlu_pro(folder: Path) -> Iterator[tuple[str, list[str], int]]:
    for row in _records(folder, "test"):
        yield row["question"], list(row["options"]), int(row["answer_index"])


def _gpqa(folder: Path) -> Iterator[tuple[str, list[str], int]]:
    with (folder / "gpqa_diamond.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            wrong = [row[f"Incorrect Answer {i}"].strip() for i in (1, 2, 3)]
            yield row["Question"].strip(), [row["Correct Answer"].strip(), *wrong], 0


def _records(folder: Path, split: str) -> Iterator[Json]:
    """Rows of `{split}*.jsonl`, or of `{split}*.parquet` where pyarrow is installed."""
    lines = sorted(folder.rglob(f"{split}*.jsonl"))
    tables = sorted(folder.rglob(f"{split}*.parquet"))
    if not lines and not tables:
        raise HarnessFault(f"{folder}: neither {split}*.jsonl nor {split}*.parquet is there")
    for path in lines:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
    for path in [] if lines else tables:
        yield from _table(path)


def _table(path: Path) -> list[Json]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise HarnessFault(f"{path.name}: pyarrow is not here to read it; turn it into {path.stem}.jsonl first") from error
    rows: list[Json] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


SOURCES = {
    "mmlu-pro": Source("mmlu_pro", "mit", True, LETTER_ITEMS, _mmlu_pro),
    "gpqa": Source("gpqa_diamond", "cc-by-4.0", False, 198, _gpqa),
}
