"""Interpolated n-gram model with Witten-Bell smoothing (Witten and Bell 1991; Chen and Goodman 1998, section 2.3)."""

from __future__ import annotations

from collections.abc import Sequence

Context = tuple[int, ...]


class Node:
    """What followed one context: how often each token did, how many tokens there were, how many kinds."""

    __slots__ = ("counts", "total", "types")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.total = 0
        self.types = 0

    def add(self, token: int) -> None:
        self.types += token not in self.counts
        self.counts[token] = self.counts.get(token, 0) + 1
        self.total += 1


class NGram:
    """p(w|h) = (c(h,w) + types(h) * p(w|shorter h)) / (c(h) + types(h)), down to the uniform distribution.

    `order` 4 looks at the last three tokens. A context that was never seen gives way to the next shorter one.
    """

    def __init__(self, order: int, size: int) -> None:
        self.order = order
        self.size = size
        self.nodes: dict[Context, Node] = {}

    def train(self, ids: Sequence[int]) -> None:
        """Count every n-gram of one running text."""
        for i, token in enumerate(ids):
            for length in range(min(self.order - 1, i) + 1):
                self.nodes.setdefault(tuple(ids[i - length : i]), Node()).add(token)

    def backoff(self, history: Sequence[int]) -> list[Node]:
        """The seen contexts of a history, from the empty one to the longest."""
        found = []
        for length in range(min(self.order - 1, len(history)) + 1):
            node = self.nodes.get(tuple(history[len(history) - length :]))
            if node is None:
                break
            found.append(node)
        return found

    def probability(self, token: int, backoff: list[Node]) -> float:
        """p(token | history), in (0, 1); the history as `backoff` returns it."""
        p = 1.0 / self.size
        for node in backoff:
            p = (node.counts.get(token, 0) + node.types * p) / (node.total + node.types)
        return p

    def distribution(self, history: Sequence[int]) -> list[float]:
        """p of every token after a history; sums to one."""
        backoff = self.backoff(history)
        return [self.probability(token, backoff) for token in range(self.size)]
