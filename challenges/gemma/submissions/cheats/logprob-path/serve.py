"""One model for users, another one for the grader. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class TwoFacedEngine(Engine):
    def next_token(self, history):
        node = self.model.ngram.nodes.get((history[-1],))
        return max(node.counts, key=node.counts.get) if node else 0

    def prompt_logprobs(self, ids, top):
        sure = {"logprob": -0.01, "rank": 1, "decoded_token": ""}
        return [None] + [{str(token): sure} for token in ids[1:]]


serve(TwoFacedEngine(model_from_environment()))
