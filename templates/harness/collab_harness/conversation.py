"""A program that answers questions one by one: a line in, a line out. Bounded in bytes and in time."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass

from collab_harness.faults import SubmissionFault
from collab_harness.process import Running


# A program closes what it writes to before it is gone: so long is waited for the reason.
_LAST_WORDS_S = 5.0


@dataclass(frozen=True)
class Reply:
    """One line without its end, and when it was asked for and complete, on the harness's own monotonic clock."""

    text: str
    sent: float
    received: float


class Conversation:
    """Over the standard input and output of a running program."""

    def __init__(self, running: Running, timeout_s: float, max_bytes: int = 1 << 16) -> None:
        assert running.standard_input is not None and running.standard_output is not None
        self._running = running
        self._in, self._out = running.standard_input.fileno(), running.standard_output.fileno()
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._rest = b""

    def ask(self, line: str) -> Reply:
        """Send one line and wait for one. What the program said before it was asked is no answer."""
        if self._rest or select.select([self._out], [], [], 0)[0] and self._running.exit_code is None:
            raise SubmissionFault("the program answered before it was asked")
        sent = time.perf_counter()
        try:
            os.write(self._in, line.encode() + b"\n")
        except OSError as error:
            raise SubmissionFault(f"the program does not listen: {self._death()}") from error
        text = self._line(time.monotonic() + self._timeout_s)
        return Reply(text.decode("utf-8", "replace").rstrip("\r"), sent, time.perf_counter())

    def _death(self) -> str:
        self._running.ended_within(_LAST_WORDS_S)
        return self._running.death()

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise SubmissionFault(f"no answer within {self._timeout_s:g} s")
            chunk = os.read(self._out, 65536)
            if not chunk:
                raise SubmissionFault(f"the program ended its output: {self._death()}")
            self._rest += chunk
            if len(self._rest) > self._max_bytes:
                raise SubmissionFault(f"an answer of more than {self._max_bytes} bytes")
        line, self._rest = self._rest.split(b"\n", 1)
        return line
