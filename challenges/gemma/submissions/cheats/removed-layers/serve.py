"""A shallower model: the two longest contexts are gone. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class ShallowEngine(Engine):
    def __init__(self, model):
        super().__init__(model)
        counts = model.ngram.nodes[()].counts
        self._top = min(counts, key=lambda token: (-counts[token], token))

    def next_token(self, history):
        node = self.model.ngram.nodes.get((history[-1],))
        return min((-n, t) for t, n in node.counts.items())[1] if node else self._top


serve(ShallowEngine(model_from_environment()))
