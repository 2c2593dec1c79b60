"""Servers that misbehave: each ends in time, within bounds, and as a fault of the submission."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
import time
import unittest
from collections.abc import Callable

from collab_harness.client import Client, logprob, parse_object
from collab_harness.faults import SubmissionFault

Talk = Callable[[socket.socket], None]


class Listener:
    """A socket that answers every connection with `talk`."""

    def __init__(self, talk: Talk) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._talk = talk
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            connection.recv(65536)
            self._talk(connection)
            connection.close()
        except OSError:
            pass

    def close(self) -> None:
        self._socket.close()


def reply(body: str, length: int | None = None) -> Talk:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return lambda connection: connection.sendall((head + body).encode())


def dribble(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.01)


def dribble_head(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(b"X: y\r\n")
        time.sleep(0.01)


def silence(connection: socket.socket) -> None:
    while connection.recv(65536):  # the rest of the request may come in pieces
        pass


class Misbehaviour(unittest.TestCase):
    def fault_of(self, talk: Talk, timeout_s: float = 0.3, max_bytes: int = 10_000) -> str:
        listener = Listener(talk)
        client = Client(listener.port, "m", timeout_s, max_bytes)
        began = time.monotonic()
        try:
            with self.assertRaises(SubmissionFault) as caught:
                client.chat("hello", 4)
        finally:
            client.close()
            listener.close()
        self.assertLess(time.monotonic() - began, 3)
        return str(caught.exception)

    def test_slow_body(self) -> None:
        self.assertIn("in time", self.fault_of(dribble))

    def test_slow_headers(self) -> None:
        self.assertIn("/v1/chat/completions", self.fault_of(dribble_head))

    def test_no_answer(self) -> None:
        self.assertIn("in time", self.fault_of(silence))

    def test_huge_answer(self) -> None:
        self.assertIn("more than 10000 bytes", self.fault_of(reply("x" * 50_000)))

    def test_cut_off_answer(self) -> None:
        self.assertIn("/v1/chat/completions", self.fault_of(reply("{}", length=100)))

    def test_no_http(self) -> None:
        self.assertIn("/v1/chat/completions", self.fault_of(lambda c: c.sendall(b"hello\r\n\r\n")))

    def test_nothing_a_submission_sends_is_repeated(self) -> None:
        for talk in (
            lambda c: c.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 14\r\n\r\nprivate prompt"),
            lambda c: c.sendall(b"private prompt\r\n\r\n"),
            lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nprivate prompt\r\n"),
            lambda c: c.sendall(b"HTTP/1.1 private prompt\r\n\r\n"),
            reply("private prompt"),
        ):
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertNotIn("private", self.fault_of(talk))

    def test_nan(self) -> None:
        self.assertIn("NaN", self.fault_of(reply('{"choices": NaN}')))

    def test_deep_json(self) -> None:
        self.assertIn("JSON", self.fault_of(reply("[" * 9_000)))

    def test_no_choice(self) -> None:
        self.assertIn("exactly one choice", self.fault_of(reply('{"choices": []}')))

    def test_ids_that_are_no_ids(self) -> None:
        for ids in ([True], [-1], ["1"], None, [1.0]):
            choice = {"message": {"content": "a"}, "token_ids": ids}
            self.assertIn("token ids", self.fault_of(reply(json.dumps({"choices": [choice]}))))

    def test_closed_port(self) -> None:
        listener = Listener(silence)
        listener.close()
        self.assertFalse(Client(listener.port, "m", 0.2).ready())


class Streams(unittest.TestCase):
    def test_pieces_of_the_answer_count_and_nothing_else(self) -> None:
        choices: list[object] = [
            [{"delta": {"role": "assistant"}}], [{"delta": {"content": "a"}}], [{"token_ids": [5, 6]}], [{"token_ids": []}], [],
        ]
        events = [json.dumps({"choices": each}) for each in choices] + ["[DONE]"]
        listener = Listener(reply("".join(f"data: {event}\n\n" for event in events)))
        try:
            self.assertEqual(len(Client(listener.port, "m", 5).stream("hello", 4).arrived), 2)
        finally:
            listener.close()


class Logprobs(unittest.TestCase):
    def test_rank_and_best(self) -> None:
        entry = {"5": {"logprob": -2.0, "rank": 3}, "7": {"logprob": -0.5, "rank": 1}}
        self.assertEqual(logprob(entry, 5), (-2.0, 3, -0.5))

    def test_numbers_that_are_none(self) -> None:
        for value in (None, "x", True, float("inf"), -float("inf"), float("nan"), 0.5, -1e308, -(10**400), 10**400):
            with self.assertRaises(SubmissionFault):
                logprob({"5": {"logprob": value, "rank": 1}}, 5)

    def test_a_missing_token(self) -> None:
        for entry in (None, {}, {"4": {"logprob": -1.0, "rank": 1}}, {"5": None}):
            with self.assertRaises(SubmissionFault):
                logprob(entry, 5)

    def test_only_objects(self) -> None:
        with self.assertRaises(SubmissionFault):
            parse_object(b"[]", "here")


if __name__ == "__main__":
    unittest.main()
