"""Ends while it is being measured."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class QuittingEngine(Engine):
    served = 0

    def generate(self, prompt, count, ignore_eos):
        QuittingEngine.served += 1
        if QuittingEngine.served > 3:
            os._exit(0)
        return super().generate(prompt, count, ignore_eos)


serve(QuittingEngine(model_from_environment()))
