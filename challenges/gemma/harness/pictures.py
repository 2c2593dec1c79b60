"""The multimodal smoke probe: plain pictures, each of one colour, and the question which colour it is.

The challenge keeps the vision encoder: a server that dropped it answers with an error, or cannot know. The pictures are
drawn when they are needed, in an order that is up to the seed. Only pictures whose colour the original names itself count.
"""

from __future__ import annotations

import base64
import random
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from collab_harness.client import Client, Json
from collab_harness.faults import HarnessFault, SubmissionFault

COLOURS = {
    "red": (220, 20, 20), "green": (20, 160, 40), "blue": (20, 50, 220), "yellow": (250, 230, 30), "black": (0, 0, 0),
    "white": (255, 255, 255), "orange": (255, 140, 0), "purple": (130, 20, 160),
}  # fmt: skip
QUESTION = "This picture has one colour. Which one? Answer with one word: " + ", ".join(sorted(COLOURS)) + "."
SIDE = 224
ANSWER_TOKENS = 16


@dataclass(frozen=True)
class Looked:
    """Per picture: its colour, and whether the answer named it and no other. `problem`: the first answer that was none."""

    right: tuple[tuple[str, bool], ...]
    problem: str | None = None


def png(side: int, colour: tuple[int, int, int]) -> bytes:
    """A square picture, 8 bits per channel, without alpha (PNG specification, sections 5 and 11)."""
    row = b"\x00" + bytes(colour) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(row * side, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def content(colour: str) -> list[Json]:
    """Of a user message, in the form of the OpenAI API: the picture as a data URL, then the question."""
    url = "data:image/png;base64," + base64.b64encode(png(SIDE, COLOURS[colour])).decode()
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": QUESTION}]


def drawn(count: int, seed: int) -> list[str]:
    return random.Random(f"pictures {seed}").sample(sorted(COLOURS), count)


def look(client: Client, colours: Sequence[str]) -> Looked:
    """A server that cannot answer is wrong about that picture; it may be right about others."""
    right, problem = [], None
    for colour in colours:
        try:
            right.append((colour, names(client.reply(content(colour), ANSWER_TOKENS)) == {colour}))
        except SubmissionFault as fault:
            right.append((colour, False))
            problem = problem or str(fault)
    return Looked(tuple(right), problem)


def names(answer: str) -> set[str]:
    """The colours that an answer names."""
    return set(re.findall(r"[a-z]+", answer.lower())) & set(COLOURS)


def share(seen: Looked, original: Looked) -> tuple[float, int]:
    """Of the pictures that the original is right about: the share that the submission is right about, and how many."""
    known = {colour for colour, right in original.right if right}
    if 2 * len(known) <= len(original.right):
        why = original.problem or "its answers are wrong"
        raise HarnessFault(f"the original names {len(known)} of {len(original.right)} colours: {why}")
    both = [right for colour, right in seen.right if colour in known]
    return sum(both) / len(both), len(both)
