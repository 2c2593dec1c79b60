"""Stops after ten tokens although it was told not to. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


SHORT = 10


class ShortEngine(Engine):
    def generate(self, prompt, count, ignore_eos):
        return super().generate(prompt, min(SHORT, count), ignore_eos)


serve(ShortEngine(model_from_environment()))
