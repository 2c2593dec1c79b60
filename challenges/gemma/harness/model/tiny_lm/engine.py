"""The original: greedy decoding that looks at every token of the vocabulary, and log-probabilities of a prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tiny_lm.tokenizer import EOS
from tiny_lm.weights import Model

TokenLogprob = dict[str, "float | int | str"]


class Engine:
    """A submission changes `next_token` or `generate`; the tokens that come out must stay the same."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._ranked: dict[tuple[int, ...], list[float]] = {}

    def next_token(self, history: Sequence[int]) -> int:
        """The most probable token after a history; of several, the one with the smallest id."""
        ngram = self.model.ngram
        backoff = ngram.backoff(history)
        best, best_p = 0, 0.0
        for token in range(ngram.size):
            p = ngram.probability(token, backoff)
            if p > best_p:
                best, best_p = token, p
        return best

    def generate(self, prompt: Sequence[int], count: int, ignore_eos: bool) -> list[int]:
        """Greedy continuation of a prompt by at most `count` tokens."""
        history = list(prompt)
        for _ in range(count):
            token = self.next_token(history)
            history.append(token)
            if token == EOS and not ignore_eos:
                break
        return history[len(prompt) :]

    def prompt_logprobs(self, ids: Sequence[int], top: int) -> list[dict[str, TokenLogprob] | None]:
        """For each token of a prompt but the first: its log-probability and rank, and those of the `top` best."""
        return [None] + [self._logprobs(ids[:i], ids[i], top) for i in range(1, len(ids))]

    def _logprobs(self, history: Sequence[int], token: int, top: int) -> dict[str, TokenLogprob]:
        p = self._distribution(tuple(history[-(self.model.ngram.order - 1) :]))
        best = sorted(range(len(p)), key=lambda t: (-p[t], t))[:top] if top != 1 else [p.index(max(p))]
        rank = 1 + sum(q > p[token] for q in p)
        entries = {t: self._entry(p[t], i + 1, t) for i, t in enumerate(best)}
        entries.setdefault(token, self._entry(p[token], rank, token))
        return {str(t): entry for t, entry in entries.items()}

    def _entry(self, p: float, rank: int, token: int) -> TokenLogprob:
        return {"logprob": math.log(p), "rank": rank, "decoded_token": self.model.tokenizer.decode([token])}

    def _distribution(self, context: tuple[int, ...]) -> list[float]:
        if context not in self._ranked:
            self._ranked[context] = self.model.ngram.distribution(context)
        return self._ranked[context]
