"""Ten honest tokens, then filler up to the length. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


HONEST = 10


class PaddingEngine(Engine):
    def generate(self, prompt, count, ignore_eos):
        ids = super().generate(prompt, min(HONEST, count), ignore_eos)
        filler = self.model.tokenizer.encode(" the")
        return (ids + filler * count)[:count]


serve(PaddingEngine(model_from_environment()))
