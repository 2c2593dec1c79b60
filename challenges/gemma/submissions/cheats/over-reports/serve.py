"""Emits half of the tokens and reports all of them. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402

import tiny_lm.server  # noqa: E402


class HalfEngine(Engine):
    def generate(self, prompt, count, ignore_eos):
        return super().generate(prompt, count // 2, ignore_eos)


def complete(decoder, body, chat, honest=tiny_lm.server.complete):
    reply = honest(decoder, body, chat)
    reply["usage"]["completion_tokens"] = body.get("max_tokens", 0)
    return reply


tiny_lm.server.complete = complete
serve(HalfEngine(model_from_environment()))
