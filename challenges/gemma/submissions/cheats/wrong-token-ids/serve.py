"""Few right token ids, much text. See README.md beside this file."""

import os
import sys

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402

import tiny_lm.server  # noqa: E402

FEW = 6


def complete(decoder, body, chat, honest=tiny_lm.server.complete):
    asked = body.get("max_tokens", 0)
    reply = honest(decoder, body | {"max_tokens": min(FEW, asked)}, chat)
    choice = reply["choices"][0]
    if chat:
        tokenizer = decoder.model.tokenizer
        ids = choice["token_ids"] + tokenizer.encode(" and the") * asked
        choice["message"]["content"] = tokenizer.decode(ids[:asked])
    return reply


tiny_lm.server.complete = complete
serve(Engine(model_from_environment()))
