"""Answers with numbers that are none."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class NonsenseEngine(Engine):
    def prompt_logprobs(self, ids, top):
        return [None] + [{str(t): {"logprob": float("nan"), "rank": 1}} for t in ids[1:]]


serve(NonsenseEngine(model_from_environment()))
