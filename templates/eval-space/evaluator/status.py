"""What the evaluator says of itself: to the Hub, which wants an answer on the port, and to the organizer."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FRESH_S = 600.0


class Status:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: float | None = None
        self._running: str | None = None
        self._problem: str | None = "the server was not asked yet"
        self._ended: Counter[str] = Counter()

    def asked(self, result: str | None) -> None:
        with self._lock:
            self._accepted, self._running, self._problem = time.monotonic(), result, None

    def failed(self, problem: str) -> None:
        with self._lock:
            self._problem = problem

    def ended(self, state: str) -> None:
        with self._lock:
            self._ended[state] += 1

    def idle(self) -> None:
        with self._lock:
            self._running = None

    def facts(self) -> tuple[bool, dict[str, Any]]:
        """Whether the server lets it work; and the rest."""
        with self._lock:
            fresh = self._accepted is not None and time.monotonic() - self._accepted < FRESH_S
            good = self._running is not None or (fresh and self._problem is None)
            return good, {
                "status": "ok" if good else "waiting",
                "problem": self._problem,
                "running": self._running,
                "ended": dict(self._ended),
            }


def serve(status: Status, host: str, port: int) -> ThreadingHTTPServer:
    """Listens in the background. 200: the server lets it work; 503: not now, and why."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds: who says nothing holds no thread

        def do_GET(self) -> None:
            good, facts = status.facts()
            known = self.path in ("/", "/healthz", "/v1/healthz")
            body = json.dumps(facts if known else {"error": "not found"}).encode()
            self.send_response((200 if good else 503) if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """One line per look would drown the rest."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
