"""The real model: weights from the Hub, dependencies from pip, a tokenizer of transformers (part of the job's image)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from collab_harness.client import Answer
from collab_harness.faults import HarnessFault, SubmissionFault
from engines import Vocabulary
from settings import Settings

_REPLACEMENT = "\ufffd"


class HubVocabulary:
    def __init__(self, model_id: str, revision: str, cache: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(model_id, revision=revision, cache_dir=str(cache))

    def count(self, answer: Answer) -> int:
        return len(self._tokenizer.encode(answer.text, add_special_tokens=False))

    def spells(self, answer: Answer) -> bool:
        """A character that the length limit cut in two may be missing at the end."""
        try:
            text: str = self._tokenizer.decode(answer.ids, skip_special_tokens=False)
        except (OverflowError, IndexError, TypeError):
            return False
        return text.rstrip(_REPLACEMENT) == answer.text.rstrip(_REPLACEMENT)

    def prompt(self, text: str) -> list[int]:
        message = [{"role": "user", "content": text}]
        ids: list[int] = self._tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=True)
        return ids


class HubEngine:
    reference = "reference-full"
    internal_tcp = True

    def __init__(self, settings: Settings) -> None:
        self._profile = settings.profile
        self.devices: list[str] = [d for d in self._profile["devices"] if Path(d).exists()]
        self._cache: Path | None = None

    def install(self, work: Path, submissions: list[Path]) -> None:
        for folder in submissions:
            wanted = _manifest(folder).get("dependencies", [])
            if wanted:
                self._environment_of(folder, work / f"venv-{folder.name}", wanted)

    def _environment_of(self, folder: Path, target: Path, wanted: list[str]) -> None:
        """A virtual environment over the packages of the image; what the image has already is not fetched again."""
        _run([sys.executable, "-m", "venv", "--system-site-packages", str(target)], self._profile["install_s"])
        pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *wanted]
        problem = _run(pip, self._profile["install_s"], needed=False)
        if problem:
            raise SubmissionFault(f"install: {folder.name}: {problem}")
        _use_interpreter(folder, target / "bin" / "python")

    def fetch(self, work: Path, submissions: list[Path]) -> None:
        self._cache = work / "hub"
        original = self._profile["model"]
        self._download(original["id"], original["revision"], original["id"])
        for folder in submissions:
            model = _manifest(folder)["model_id"]
            if model != original["id"] and not (folder / model).exists():
                self._download(model, "main", folder.name)

    def _download(self, model: str, revision: str, name: str) -> None:
        code = "import sys, huggingface_hub as h; h.snapshot_download(sys.argv[1], revision=sys.argv[2], cache_dir=sys.argv[3])"
        problem = _run([sys.executable, "-c", code, model, revision, str(self._cache)], self._profile["fetch_s"], needed=False)
        if problem and model == self._profile["model"]["id"]:
            raise HarnessFault(f"fetch: {problem}")
        if problem:
            raise SubmissionFault(f"fetch: {name}: {problem}")

    def vocabulary(self) -> Vocabulary:
        assert self._cache is not None
        return HubVocabulary(self._profile["model"]["id"], self._profile["model"]["revision"], self._cache)

    def environment(self, work: Path) -> dict[str, str]:
        return {"HF_HUB_CACHE": str(work / "hub"), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}

    def readable(self, work: Path) -> list[Path]:
        return [work / "hub", *work.glob("venv-*")]


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _use_interpreter(folder: Path, python: Path) -> None:
    """The staged copy starts with its own environment; its identity was taken before."""
    manifest = _manifest(folder)
    if manifest["serve"][0] in ("python", "python3"):
        manifest["serve"][0] = str(python)
    path = folder / "manifest.json"
    path.chmod(0o644)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    path.chmod(0o444)


def _run(command: list[str], timeout_s: float, needed: bool = True) -> str | None:
    """None when it worked, else the end of what it said. With `needed` a failure is the platform's."""
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "HF_TOKEN", "HF_ENDPOINT", "LANG", "SSL_CERT_FILE")}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
        problem = None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-500:]
    except subprocess.TimeoutExpired:
        problem = f"not done after {timeout_s:g} s"
    if problem and needed:
        raise HarnessFault(problem)
    return problem
