"""What differs between the profiles: where the model comes from, its tokenizer, and what serving it needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol

from collab_harness.client import Answer
from collab_harness.isolation import Isolation
from collab_harness.limits import Limits
from collab_harness.serving import Setting
from collab_harness.staging import stage

Json = dict[str, Any]


class Vocabulary(Protocol):
    """The original's tokenizer, as the harness uses it: to count, to compare, and to build the prompts of the audit."""

    def count(self, answer: Answer) -> int:
        """Tokens of an answer, counted by tokenizing its text again; never more than ids came, which is what is audited."""

    def spells(self, answer: Answer) -> bool:
        """Whether the token ids of an answer are its text."""

    def prompt(self, text: str) -> list[int]:
        """Token ids of a user message in the chat template of the model."""


class Engine(Protocol):
    reference: str
    devices: list[str]
    internal_tcp: bool

    def problems(self, submission: Path) -> list[str]:
        """What is wrong with a manifest beyond the rules of preflight.json, which it keeps."""

    def install(self, work: Path, submissions: list[Path]) -> None:
        """Dependencies of the manifests, each in an environment of its own. The network is still open."""

    def fetch(self, work: Path, submissions: list[Path]) -> None:
        """Weights that the manifests name, at their pinned revision. The network is still open."""

    def vocabulary(self) -> Vocabulary: ...

    def environment(self, work: Path) -> dict[str, str]:
        """Variables that a server needs to find what was fetched."""

    def readable(self, work: Path) -> list[Path]: ...


class TinyVocabulary:
    def __init__(self, model: Path) -> None:
        sys.path.insert(0, str(model))
        from tiny_lm.server import chat_prompt
        from tiny_lm.weights import load

        self._tokenizer = load(model / "weights.json").tokenizer
        self._chat = chat_prompt

    def count(self, answer: Answer) -> int:
        return min(len(answer.ids), len(self._tokenizer.encode(answer.text)))

    def spells(self, answer: Answer) -> bool:
        try:
            return self._tokenizer.decode(answer.ids) == answer.text
        except IndexError:
            return False

    def prompt(self, text: str) -> list[int]:
        return self._chat(self._tokenizer, [{"role": "user", "content": text}])


class TinyEngine:
    """The tiny model of the rehearsal: nothing to install, and its weights lie in the harness folder."""

    reference = "reference"
    devices: list[str] = []
    internal_tcp = False

    def __init__(self, harness: Path) -> None:
        self._model = harness / "model"

    def problems(self, submission: Path) -> list[str]:
        return []

    def install(self, work: Path, submissions: list[Path]) -> None:
        """Nothing: standard library only."""

    def fetch(self, work: Path, submissions: list[Path]) -> None:
        stage(self._model, work / "model")

    def vocabulary(self) -> Vocabulary:
        return TinyVocabulary(self._model)

    def environment(self, work: Path) -> dict[str, str]:
        return {"MODEL_DIR": str(work / "model")}

    def readable(self, work: Path) -> list[Path]:
        return [work / "model"]


def engine_of(harness: Path, profile: Json) -> Engine:
    """By the profile's `engine`: what a profile does not name is never imported."""
    if profile["engine"] == "tiny":
        return TinyEngine(harness)
    if profile["engine"] == "tiny-gemma":
        from tiny_gemma.engine import TinyGemmaEngine

        return TinyGemmaEngine(harness, profile)
    from hub_engine import HubEngine

    return HubEngine(harness, profile)


def setting_of(engine: Engine, profile: Json, limits: Limits, work: Path, layers: Isolation, required: list[str]) -> Setting:
    """How every server of a run is started: the original, the submission, and what `prepare` serves."""
    return Setting(
        isolation=layers,
        required_layers=required,
        limits=limits,
        startup_s=profile["startup_s"],
        request_s=profile["request_s"],
        env=engine.environment(work),
        readable=engine.readable(work),
        devices=engine.devices,
        internal_tcp=engine.internal_tcp,
    )
