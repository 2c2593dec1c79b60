"""HTTP calls with a limit in time, and failures sorted by what to do about them."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_S = 60.0


class Refused(Exception):
    """The other side understood and said no: asking again in the same words changes nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unavailable(Exception):
    """Nobody said anything definite: later it may work."""


def send(method: str, url: str, headers: dict[str, str], body: Any = None, timeout_s: float = TIMEOUT_S) -> http.client.HTTPResponse:
    """One request. Credentials among the headers do not follow a redirect to another place."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    for name, value in headers.items():
        request.add_unredirected_header(name, value)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)
        return answer
    except urllib.error.HTTPError as error:
        with error:
            raise _failure(error.code, _words(error.read(65_536)) or error.reason) from None
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from None


def read_json(answer: http.client.HTTPResponse) -> Any:
    """@raises Unavailable: it broke off, or is no JSON"""
    try:
        return json.load(answer)
    except (ValueError, OSError, http.client.HTTPException) as error:
        raise Unavailable(f"an answer that cannot be read: {type(error).__name__}") from None


def _failure(status: int, words: str) -> Exception:
    if status in (408, 425, 429) or status >= 500:
        return Unavailable(f"{status} {words}")
    return Refused(status, f"{status} {words}")


def _words(data: bytes) -> str:
    """`error.message` of the server, `error` of the Hub."""
    try:
        error = json.loads(data)["error"]
        return str(error["message"] if isinstance(error, dict) else error)[:300]
    except (ValueError, KeyError, TypeError):
        return ""
