"""Reports numbers that break whoever adds them up. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


class AbsurdEngine(Engine):
    def prompt_logprobs(self, ids, top):
        absurd = {"logprob": -(10**400), "rank": 1, "decoded_token": ""}
        return [None] + [{str(token): absurd} for token in ids[1:]]


serve(AbsurdEngine(model_from_environment()))
