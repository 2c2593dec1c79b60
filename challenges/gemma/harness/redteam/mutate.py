"""Run the harness with some of its defences switched off, to prove that each of them is what catches a cheat.

    python3 mutate.py NAME[,NAME...] run.py ARGUMENTS...

A name is a gate, a layer of isolation, or one of BEHAVIOURS. Never uploaded; run.py itself has no such switch.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collab_harness import isolation, process  # noqa: E402
from collab_harness.client import Answer, Client  # noqa: E402


def without_layer(name: str) -> None:
    isolation.LAYERS = tuple(layer for layer in isolation.LAYERS if layer != name)


def without_gate(name: str) -> None:
    """The gate is measured and always holds."""
    import report

    original = report.judge
    report.judge = lambda gate, found: original(gate, found) | ({"pass": True} if gate["id"] == name else {})


def ids_unchecked() -> None:
    """Token ids and text of an answer have nothing to do with each other."""
    import engines

    engines.TinyVocabulary.spells = lambda self, answer: True  # type: ignore[method-assign]
    engines.TinyVocabulary.count = lambda self, answer: len(self._tokenizer.encode(answer.text))  # type: ignore[method-assign]


def count_believed() -> None:
    """The token count of an answer is what the submission says."""
    import engines

    _keep_usage()
    engines.TinyVocabulary.count = lambda self, answer: answer.usage["completion_tokens"]  # type: ignore


def clock_believed() -> None:
    """The time that an answer took is what the submission says."""
    _keep_usage()
    Answer.seconds = property(lambda self: self.usage.get("seconds", self.received - self.sent))  # type: ignore


def _keep_usage() -> None:
    original_post, original_chat = Client._post, Client.chat
    last: dict[str, Any] = {}

    def post(self: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = original_post(self, path, body)
        last.update(reply)
        return reply

    def chat(self: Client, prompt: str, tokens: int) -> Answer:
        answer = original_chat(self, prompt, tokens)
        object.__setattr__(answer, "usage", last["usage"])
        return answer

    Client._post, Client.chat = post, chat  # type: ignore[method-assign]


def tree_survives() -> None:
    """Only the program itself is ended, not what it started."""

    def kill(self: process.Running) -> None:
        self._process.kill()

    process.Running._kill_tree = kill  # type: ignore[method-assign]


def repeats_counted() -> None:
    """A token that agrees is evidence also where it only goes on with what was said before."""
    from collab_harness import audit

    audit.repeats = lambda ids, seen: [False] * len(ids)  # type: ignore[assignment]


def logprobs_unbounded() -> None:
    """Whatever number a submission calls a log-probability is taken."""
    from collab_harness import client

    client._number = lambda value: value  # type: ignore


def output_passed_on() -> None:
    """What the submission prints goes to the log of the job as if the harness had said it."""
    original = process.Running.stop

    def stop(self: process.Running) -> None:
        original(self)
        print(bytes(self.log).decode("utf-8", "replace"))

    process.Running.stop = stop  # type: ignore[method-assign]


BEHAVIOURS: dict[str, Callable[[], None]] = {
    "token_ids": ids_unchecked,
    "own_count": count_believed,
    "own_clock": clock_believed,
    "process_tree": tree_survives,
    "captured_output": output_passed_on,
    "repeats": repeats_counted,
    "logprob_bounds": logprobs_unbounded,
}


def switch_off(name: str) -> None:
    if name in BEHAVIOURS:
        BEHAVIOURS[name]()
    elif name in isolation.LAYERS:
        without_layer(name)
    else:
        without_gate(name)


if __name__ == "__main__":
    names, entry, sys.argv = sys.argv[1], sys.argv[2], sys.argv[2:]
    for one in names.split(","):
        switch_off(one)
    runpy.run_path(entry, run_name="__main__")
