"""A stand-in for vLLM's server that takes no more than vLLM 0.22.0 documents, and puts its answers where vLLM puts them.

vLLM itself ignores fields that it does not know; here they are refused, so that a misspelled one cannot pass unseen. The
answers are those of the tiny model of the rehearsal. Field names, types and places: vllm/entrypoints/openai/
{completion,chat_completion}/protocol.py and engine/serving.py (clamping) of that version.
"""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tiny_lm.engine import Engine
from tiny_lm.server import BadRequest, Handler

Json = dict[str, Any]

_COMMON: dict[str, tuple[type, ...]] = {
    "model": (str,), "max_tokens": (int,), "n": (int,), "seed": (int,), "stop": (str, list), "stream": (bool,),
    "temperature": (int, float), "top_p": (int, float), "top_k": (int,), "min_p": (int, float), "ignore_eos": (bool,),
    "min_tokens": (int,), "skip_special_tokens": (bool,), "spaces_between_special_tokens": (bool,), "stop_token_ids": (list,),
    "prompt_logprobs": (int,), "return_token_ids": (bool,), "add_special_tokens": (bool,), "allowed_token_ids": (list,),
    "include_stop_str_in_output": (bool,), "repetition_penalty": (int, float), "stream_options": (dict,),
}  # fmt: skip
FIELDS = {
    "/v1/completions": _COMMON | {"prompt": (str, list), "echo": (bool,), "logprobs": (int,)},
    "/v1/chat/completions": _COMMON
    | {"messages": (list,), "max_completion_tokens": (int,), "logprobs": (bool,), "top_logprobs": (int,), "chat_template_kwargs": (dict,)},
}
MODEL = "gemma-4-e4b-it"
MAX_MODEL_LEN = 4096


def check(path: str, body: Json) -> None:
    """Raises BadRequest for what that server would refuse or not understand."""
    for name, value in body.items():
        kinds = FIELDS[path].get(name)
        if kinds is None:
            raise BadRequest(f"{path} has no field {name}")
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise BadRequest(f"{path}: {name} must be {kinds}")
    if body.get("model") != MODEL:
        raise BadRequest(f"the model {body.get('model')!r} does not exist")
    if body.get("stream") and body.get("prompt_logprobs"):
        raise BadRequest("prompt_logprobs are not available when stream=True")
    if body.get("max_tokens", 1) < 1:
        raise BadRequest("max_tokens must be at least 1")
    if not 0 <= body.get("temperature", 1) <= 2:
        raise BadRequest("temperature must be in [0, 2]")
    for message in body.get("messages", []):
        _check_message(message)


def _check_message(message: Json) -> None:
    if set(message) - {"role", "content"} or message["role"] not in ("system", "user", "assistant"):
        raise BadRequest(f"a message has role and content, not {sorted(message)}")
    for part in message["content"] if isinstance(message["content"], list) else []:
        if part["type"] == "text" and set(part) == {"type", "text"}:
            continue
        if part["type"] != "image_url" or set(part) != {"type", "image_url"} or set(part["image_url"]) != {"url"}:
            raise BadRequest(f"a part of a message cannot be {part['type']}")
        pixel(part["image_url"]["url"])


def pixel(url: str) -> tuple[int, int, int]:
    """Colour of the first pixel of a picture in a data URL; every chunk's checksum must hold."""
    head, _, encoded = url.partition(",")
    data = base64.b64decode(encoded, validate=True)
    if head != "data:image/png;base64" or data[:8] != b"\x89PNG\r\n\x1a\n":
        raise BadRequest("a picture must be a PNG in a data URL")
    at, pixels = 8, b""
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        if zlib.crc32(kind + content) != int.from_bytes(data[at + 8 + length : at + 12 + length], "big"):
            raise BadRequest("a picture is damaged")
        pixels += content if kind == b"IDAT" else b""
        at += 12 + length
    row = zlib.decompress(pixels)
    return row[1], row[2], row[3]


class WireHandler(Handler):
    engine: Engine
    seen: list[tuple[str, Json]]

    def answer(self, body: Json, chat: bool) -> Json:
        check(self.path, body)
        self.seen.append((self.path, body))
        prompt, ids = self._said(body, chat)
        text = self.engine.model.tokenizer.decode(ids)
        choice: Json = {
            "index": 0, "logprobs": None, "finish_reason": "length", "stop_reason": None,
            "token_ids": ids if body.get("return_token_ids") else None,
        }  # fmt: skip
        choice |= {"message": {"role": "assistant", "content": text, "refusal": None}} if chat else {"text": text}
        scores = [None, *map(_entry, self.engine.prompt_logprobs(prompt, 1)[1:])] if "prompt_logprobs" in body else None
        about = {"prompt_logprobs": scores, "prompt_token_ids": prompt if body.get("return_token_ids") else None}
        reply = {
            "id": "chatcmpl-1" if chat else "cmpl-1", "object": "chat.completion" if chat else "text_completion", "created": 1,
            "model": MODEL, "choices": [choice if chat else choice | about], "system_fingerprint": None,
            "usage": {"prompt_tokens": len(prompt), "total_tokens": len(prompt) + len(ids), "completion_tokens": len(ids)},
        }  # fmt: skip
        return reply | about if chat else reply

    def events(self, body: Json, chat: bool) -> Iterator[Json]:
        """A piece with the role, one for each token, and at the end one with usage alone where it was asked for."""
        check(self.path, body)
        self.seen.append((self.path, body))
        prompt, ids = self._said(body, chat)
        base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        role = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        yield base | {"choices": [role], "prompt_token_ids": prompt}
        for place, token in enumerate(ids):
            piece = {"index": 0, "delta": {"content": self.engine.model.tokenizer.decode([token])}, "token_ids": [token]}
            yield base | {"choices": [piece | {"finish_reason": "length" if place + 1 == len(ids) else None}]}
        yield base | {"choices": [], "usage": {"prompt_tokens": len(prompt)}}

    def _said(self, body: Json, chat: bool) -> tuple[list[int], list[int]]:
        tokenizer = self.engine.model.tokenizer
        content = body["messages"][-1]["content"] if chat else body["prompt"]
        if isinstance(content, list) and chat:
            return [], tokenizer.encode(self.describe(pixel(content[0]["image_url"]["url"])))
        prompt = content if isinstance(content, list) else tokenizer.encode(content)
        count = body.get("max_tokens", 16)
        if len(prompt) + count > MAX_MODEL_LEN:
            raise BadRequest(f"This model's maximum context length is {MAX_MODEL_LEN} tokens")
        return prompt, self.engine.generate(prompt, count, bool(body.get("ignore_eos")))

    def describe(self, colour: tuple[int, int, int]) -> str:
        """What the model sees in a picture; a test decides."""
        return f"rgb {colour}"


def _entry(entry: Json | None) -> Json | None:
    """Minus infinity goes over the wire as -9999."""
    return entry and {token: about | {"logprob": max(about["logprob"], -9999.0)} for token, about in entry.items()}


@contextmanager
def served(engine: Engine, handler: type[WireHandler] = WireHandler) -> Iterator[tuple[int, list[tuple[str, Json]]]]:
    """Port, and every request that was understood."""
    seen: list[tuple[str, Json]] = []
    bound = type("Bound", (handler,), {"engine": engine, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


