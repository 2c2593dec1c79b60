"""An OpenAI-compatible server for one engine: /v1/models, /v1/completions, /v1/chat/completions.

Token prompts, `ignore_eos`, `return_token_ids` and `prompt_logprobs` behave as in vLLM's server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from tiny_lm.tokenizer import EOS, Tokenizer
from tiny_lm.weights import Model, load

MAX_BODY = 8 << 20
MAX_TOKENS = 4096

Json = dict[str, Any]


class Decoder(Protocol):
    model: Model

    def generate(self, prompt: list[int], count: int, ignore_eos: bool) -> list[int]: ...
    def prompt_logprobs(self, ids: list[int], top: int) -> list[Json | None]: ...


class BadRequest(Exception):
    pass


def model_from_environment() -> Model:
    """The model that the harness has put into MODEL_DIR."""
    return load(Path(os.environ["MODEL_DIR"]) / "weights.json")


def chat_prompt(tokenizer: Tokenizer, messages: list[Json]) -> list[int]:
    """The chat template of this model: the last user message, to be continued."""
    users = [m["content"] for m in messages if m.get("role") == "user"]
    if not users or not isinstance(users[-1], str):
        raise BadRequest("messages must hold a user message with text")
    return tokenizer.encode(users[-1])


def complete(decoder: Decoder, body: Json, chat: bool) -> Json:
    """One answer in the format of the OpenAI API, with the fields that vLLM adds."""
    tokenizer = decoder.model.tokenizer
    prompt, limit = _asked(tokenizer, body, chat)
    ids = decoder.generate(prompt, limit, bool(body.get("ignore_eos")))
    text = tokenizer.decode(ids)
    choice: Json = {"index": 0, "finish_reason": "length" if len(ids) == limit else "stop"}
    choice.update({"message": {"role": "assistant", "content": text}} if chat else {"text": text})
    if body.get("return_token_ids"):
        choice.update({"token_ids": ids, "prompt_token_ids": prompt})
    if body.get("prompt_logprobs") is not None:
        choice["prompt_logprobs"] = decoder.prompt_logprobs(prompt, int(body["prompt_logprobs"]))
    usage = {"prompt_tokens": len(prompt), "completion_tokens": len(ids), "total_tokens": len(prompt) + len(ids)}
    kind = "chat.completion" if chat else "text_completion"
    return {"id": "0", "object": kind, "model": body.get("model", ""), "choices": [choice], "usage": usage}


def stream(decoder: Decoder, body: Json, chat: bool) -> Iterator[Json]:
    """The same answer, one event per token."""
    tokenizer = decoder.model.tokenizer
    history, limit = _asked(tokenizer, body, chat)
    for _ in range(limit):
        ids = decoder.generate(history, 1, bool(body.get("ignore_eos")))
        history = [*history, *ids]
        text = tokenizer.decode(ids)
        yield {"choices": [{"index": 0, **({"delta": {"content": text}} if chat else {"text": text}), "token_ids": ids}]}
        if ids == [EOS] and not body.get("ignore_eos"):
            return


def _asked(tokenizer: Tokenizer, body: Json, chat: bool) -> tuple[list[int], int]:
    """Token ids of the prompt, and how many more are wanted."""
    if body.get("temperature", 0) != 0:
        raise BadRequest("this server decodes greedily: temperature must be 0")
    prompt = chat_prompt(tokenizer, body.get("messages", [])) if chat else _prompt(tokenizer, body.get("prompt"))
    limit = body.get("max_completion_tokens", body.get("max_tokens", 16))
    if not isinstance(limit, int) or not 0 <= limit <= MAX_TOKENS:
        raise BadRequest(f"max_tokens must be 0 to {MAX_TOKENS}")
    return prompt, limit


def _prompt(tokenizer: Tokenizer, prompt: Any) -> list[int]:
    if isinstance(prompt, str):
        return tokenizer.encode(prompt)
    if isinstance(prompt, list) and prompt and all(isinstance(i, int) and 0 <= i < tokenizer.size for i in prompt):
        return prompt
    raise BadRequest("prompt must be text or a list of token ids")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    decoder: Decoder

    def answer(self, body: Json, chat: bool) -> Json:
        return complete(self.decoder, body, chat)

    def events(self, body: Json, chat: bool) -> Iterator[Json]:
        return stream(self.decoder, body, chat)

    def do_GET(self) -> None:  # noqa: N802 (name fixed by http.server)
        known = self.path == "/v1/models"
        name = os.environ.get("SERVED_MODEL_NAME", "tiny-lm")
        self._send(200 if known else 404, {"object": "list", "data": [{"id": name, "object": "model"}] if known else []})

    def do_POST(self) -> None:  # noqa: N802
        length = int(self.headers.get("Content-Length", "0"))
        if self.path not in ("/v1/completions", "/v1/chat/completions") or length > MAX_BODY:
            self.close_connection = True
            return self._send(413 if length > MAX_BODY else 404, {"error": {"message": "no such route or body too large"}})
        try:
            body = json.loads(self.rfile.read(length))
            chat = self.path.endswith("chat/completions")
            if body.get("stream"):
                return self._stream(self.events(body, chat))
            self._send(200, self.answer(body, chat))
        except (BadRequest, ValueError, KeyError, TypeError, AttributeError) as error:
            self._send(400, {"error": {"message": str(error), "type": "invalid_request_error"}})

    def _stream(self, events: Iterator[Json]) -> None:
        """Server-sent events; the connection ends with them."""
        first = next(events, None)
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in [] if first is None else chain([first], events):
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, status: int, payload: Json) -> None:
        data = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: one line per request would be part of what is timed."""


def serve(decoder: Decoder) -> None:
    """Serve until killed, on HOST and PORT of the environment."""
    listen(type("BoundHandler", (Handler,), {"decoder": decoder}))


def listen(handler: type[Handler]) -> None:
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000")))
    server = ThreadingHTTPServer(address, handler)
    server.daemon_threads = True
    server.serve_forever(poll_interval=0.05)
