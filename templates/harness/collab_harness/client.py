"""A client of the OpenAI API that trusts nothing it gets: bounded in bytes and in time, one connection, timestamps."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from collab_harness.faults import SubmissionFault

Json = dict[str, Any]

_CHUNK = 1 << 16
_LINE = 1 << 20
# Below what any server can mean, and so large that sums over a text stay finite.
_LEAST_LOGPROB = -1e6


@dataclass(frozen=True)
class Answer:
    """One answer and when it was asked for and complete, in seconds of the harness's own monotonic clock."""

    text: str
    ids: list[int]
    sent: float
    received: float

    @property
    def seconds(self) -> float:
        return self.received - self.sent


@dataclass(frozen=True)
class Streamed:
    """When a streamed answer was asked for, and when each of its pieces arrived."""

    sent: float
    arrived: list[float]


class Client:
    """`http://127.0.0.1:{port}`. Every fault of the other side is a SubmissionFault."""

    def __init__(self, port: int, model: str, timeout_s: float, max_bytes: int = 16 << 20) -> None:
        self._port, self._model = port, model
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._connection: http.client.HTTPConnection | None = None
        self._clock = time.perf_counter

    def ready(self) -> bool:
        """Whether `GET /v1/models` answers 200 now."""
        try:
            return self._exchange("GET", "/v1/models", None, time.monotonic() + 5)[0] == 200
        except SubmissionFault:
            return False

    def chat(self, prompt: str, tokens: int) -> Answer:
        """A greedy answer of exactly `tokens` tokens to one user message."""
        body = self._generation(tokens) | {"messages": [{"role": "user", "content": prompt}]}
        sent = self._clock()
        reply = self._post("/v1/chat/completions", body)
        received = self._clock()
        choice = _choice(reply)
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else None
        return Answer(_text(text), _ids(choice.get("token_ids")), sent, received)

    def stream(self, prompt: str, tokens: int) -> Streamed:
        """When each piece of a streamed answer arrived. On a connection of its own."""
        body = self._generation(tokens) | {"messages": [{"role": "user", "content": prompt}], "stream": True}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_s)
        try:
            sent = self._clock()
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            with _Deadline(connection, time.monotonic() + self._timeout_s):
                response = connection.getresponse()
                if response.status != 200:
                    raise SubmissionFault(f"streaming answered {response.status}")
                return Streamed(sent, self._arrivals(response, tokens))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SubmissionFault(f"streaming: {_reason(error)}") from error
        finally:
            connection.close()

    def _arrivals(self, response: http.client.HTTPResponse, most: int) -> list[float]:
        times: list[float] = []
        total = 0
        while line := response.readline(_LINE):
            now = self._clock()
            total += len(line)
            if total > self._max_bytes or len(times) > 2 * most:
                raise SubmissionFault("streaming: more than was asked for")
            if line.startswith(b"data: {") and _holds_tokens(parse_object(line[6:], "streaming")):
                times.append(now)
        return times

    def generate(self, prompt: str, tokens: int, sampling: Json) -> tuple[list[int], list[int]]:
        """Token ids of the prompt in the chat template of the model, and of an answer sampled as `sampling` says."""
        body = self._generation(tokens) | sampling | {"messages": [{"role": "user", "content": prompt}]}
        choice = _choice(reply := self._post("/v1/chat/completions", body))
        asked = choice.get("prompt_token_ids") or reply.get("prompt_token_ids")
        return _ids(asked), _ids(choice.get("token_ids"))

    def reply(self, content: str | list[Json], tokens: int) -> str:
        """What a user would read: a greedy answer that ends by itself or after `tokens` tokens. `content` may hold pictures."""
        body = {
            "model": self._model, "max_tokens": tokens, "temperature": 0, "stream": False,
            "messages": [{"role": "user", "content": content}],
        }  # fmt: skip
        message = _choice(self._post("/v1/chat/completions", body)).get("message")
        return _text(message.get("content") if isinstance(message, dict) else None)

    def prompt_logprobs(self, ids: list[int]) -> list[Json | None]:
        """Log-probabilities of the tokens of a prompt, each with those of the model's first choice."""
        body = {
            "model": self._model, "prompt": ids, "max_tokens": 1, "temperature": 0, "add_special_tokens": False,
            "prompt_logprobs": 1,
        }  # fmt: skip
        choice = _choice(self._post("/v1/completions", body))
        entries = choice.get("prompt_logprobs")
        if not isinstance(entries, list) or len(entries) != len(ids):
            raise SubmissionFault("prompt_logprobs must hold one entry per prompt token")
        return entries

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _generation(self, tokens: int) -> Json:
        return {
            "model": self._model, "max_tokens": tokens, "temperature": 0, "ignore_eos": True,
            "return_token_ids": True, "skip_special_tokens": False, "stream": False,
        }  # fmt: skip

    def _post(self, path: str, body: Json) -> Json:
        status, data = self._exchange("POST", path, json.dumps(body).encode(), time.monotonic() + self._timeout_s)
        if status != 200:
            print(f"{path} answered {status}: {data[:300]!r}")
            raise SubmissionFault(f"{path} answered {status}; the log of the run has its words")
        return parse_object(data, path)

    def _exchange(self, method: str, path: str, body: bytes | None, deadline: float) -> tuple[int, bytes]:
        connection = self._connection or http.client.HTTPConnection("127.0.0.1", self._port)
        self._connection = connection
        try:
            connection.timeout = self._timeout_s
            if connection.sock:
                connection.sock.settimeout(self._timeout_s)
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            return self._read(connection, path, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise SubmissionFault(f"{path}: {_reason(error)}") from error

    def _read(self, connection: http.client.HTTPConnection, path: str, deadline: float) -> tuple[int, bytes]:
        with _Deadline(connection, deadline):
            response = connection.getresponse()
            data = bytearray()
            while chunk := response.read(_CHUNK):
                data += chunk
                if len(data) > self._max_bytes:
                    self.close()
                    raise SubmissionFault(f"{path}: answer of more than {self._max_bytes} bytes")
        if response.length:
            raise http.client.IncompleteRead(bytes(data), response.length)
        if response.will_close:
            self.close()
        return response.status, bytes(data)


class _Deadline:
    """Ends an exchange that dribbles: a timer shuts the socket down when the whole answer takes too long."""

    def __init__(self, connection: http.client.HTTPConnection, deadline: float) -> None:
        self._socket, self._deadline = connection.sock, deadline
        self._expired = False

    def __enter__(self) -> None:
        self._timer = threading.Timer(max(0.0, self._deadline - time.monotonic()), self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _expire(self) -> None:
        self._expired = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        if self._expired:
            raise TimeoutError("no complete answer in time")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _reason(error: Exception) -> str:
    """Why, in our words alone. A verdict's reason is public, and what a submission sends may be its private prompt."""
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def parse_object(data: bytes, where: str) -> Json:
    """Strict JSON object: NaN and Infinity refused, absurd nesting or numbers are a fault of the submission."""
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SubmissionFault(f"{where}: no valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise SubmissionFault(f"{where}: a JSON object was expected")
    return value


def _choice(reply: Json) -> Json:
    choices = reply.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise SubmissionFault("an answer must have exactly one choice")
    return choices[0]


def _holds_tokens(event: Json) -> bool:
    """A stream of chat begins with the role alone, and may end with usage alone: neither is a piece of the answer."""
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    if "token_ids" in choice:
        return bool(choice["token_ids"])
    delta = choice.get("delta")
    return bool(choice.get("text") or (isinstance(delta, dict) and delta.get("content")))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise SubmissionFault("an answer must have a text")
    return value


def _ids(value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(i) is int and i >= 0 for i in value):
        raise SubmissionFault("endpoints that cannot return generated token ids are not measured")
    return value


def logprob(entry: object, token: int) -> tuple[float, int, float]:
    """(log-probability, rank, log-probability of the first choice) of one token of a prompt, all finite."""
    if not isinstance(entry, dict) or not isinstance(entry.get(str(token)), dict):
        raise SubmissionFault("prompt_logprobs lacks a token of the prompt")
    values = [v for v in entry.values() if isinstance(v, dict)]
    own = _number(entry[str(token)].get("logprob"))
    best = max(_number(v.get("logprob")) for v in values)
    rank = entry[str(token)].get("rank")
    if type(rank) is not int or rank < 1:
        raise SubmissionFault("prompt_logprobs has no valid rank")
    return own, rank, best


def _number(value: object) -> float:
    """Compared before it is converted: a whole number may be too large for that, and NaN is in no range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _LEAST_LOGPROB <= value <= 1e-6:
        raise SubmissionFault("logprob_bounds: a log-probability must be a finite number, zero or less")
    return float(value)
