"""Answers with more than anybody asked for."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402

import tiny_lm.server  # noqa: E402


def complete(decoder, body, chat):
    return {"choices": [{"message": {"content": "x" * (24 << 20)}, "token_ids": []}]}


tiny_lm.server.complete = complete
serve(Engine(model_from_environment()))
