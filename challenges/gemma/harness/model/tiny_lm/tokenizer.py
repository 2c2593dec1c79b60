"""Byte-level byte-pair encoding (Sennrich, Haddow, Birch 2016, arXiv:1508.07909)."""

from __future__ import annotations

import re
from collections import Counter

EOS = 0
EOS_TEXT = "<eos>"
FIRST_BYTE = 1
FIRST_MERGE = FIRST_BYTE + 256

_PIECES = re.compile(r"<eos>| ?[A-Za-z]+| ?[0-9]+|(?:(?!<eos>)[^A-Za-z0-9\s])+|\s")

Pair = tuple[int, int]


class Tokenizer:
    """Token 0 is end of text, 1 to 256 are the bytes, and each merge adds one token in the order of `merges`."""

    def __init__(self, merges: list[Pair]) -> None:
        self.merges = merges
        self._rank = {pair: i for i, pair in enumerate(merges)}
        self._bytes = [EOS_TEXT.encode()] + [bytes([b]) for b in range(256)]
        for left, right in merges:
            self._bytes.append(self._bytes[left] + self._bytes[right])
        self._cache: dict[str, list[int]] = {EOS_TEXT: [EOS]}

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Text to token ids. `<eos>` in the text is the end-of-text token."""
        ids: list[int] = []
        for piece in _PIECES.findall(text):
            if piece not in self._cache:
                self._cache[piece] = self._merge([FIRST_BYTE + b for b in piece.encode()])
            ids.extend(self._cache[piece])
        return ids

    def decode(self, ids: list[int]) -> str:
        """Token ids to text. Bytes that are no UTF-8 become U+FFFD. Raises IndexError on an unknown id."""
        if any(i < 0 for i in ids):
            raise IndexError("negative token id")
        return b"".join(self._bytes[i] for i in ids).decode("utf-8", errors="replace")

    def _merge(self, ids: list[int]) -> list[int]:
        while len(ids) > 1:
            best = min(zip(ids, ids[1:]), key=lambda pair: self._rank.get(pair, len(self._rank)))
            if best not in self._rank:
                return ids
            ids = replace_pair(ids, best, FIRST_MERGE + self._rank[best])
        return ids


def replace_pair(ids: list[int], pair: Pair, new: int) -> list[int]:
    """Every occurrence of `pair`, from left to right, becomes `new`."""
    out: list[int] = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def train_merges(text: str, count: int) -> list[Pair]:
    """The `count` most frequent merges of a text; ties go to the smallest pair, so the result is deterministic."""
    words = Counter(piece for piece in _PIECES.findall(text) if piece != EOS_TEXT)
    spelled = {word: [FIRST_BYTE + b for b in word.encode()] for word in words}
    merges: list[Pair] = []
    for _ in range(count):
        pairs: Counter[Pair] = Counter()
        for word, ids in spelled.items():
            for pair in zip(ids, ids[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        new = FIRST_MERGE + len(merges)
        merges.append(best)
        spelled = {word: replace_pair(ids, best, new) for word, ids in spelled.items()}
    return merges
