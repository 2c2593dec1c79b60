"""A model of the Hub: weights at a pinned revision, dependencies from pip, the tokenizer of transformers (in the job's image)."""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collab_harness.client import Answer
from collab_harness.faults import HarnessFault, SubmissionFault
from engines import Vocabulary

Json = dict[str, Any]

_REPLACEMENT = "\ufffd"
_COMMIT = re.compile(r"[0-9a-f]{40}")

# By it the program below says that there is no such model or commit, or none for us: whatever else goes wrong is no such answer.
_NOT_THERE = 4

# The copy in the cache also answers to `main`, so that servers which know only the model's name find the pinned one.
_SNAPSHOT = f"""
import pathlib, sys, huggingface_hub as hub
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
model, revision, cache = sys.argv[1:]
try:
    folder = pathlib.Path(hub.snapshot_download(model, revision=revision, cache_dir=cache))
except (RepositoryNotFoundError, RevisionNotFoundError) as error:
    sys.stderr.write(str(error))
    sys.exit({_NOT_THERE})
refs = folder.parent.parent / "refs"
refs.mkdir(exist_ok=True)
(refs / "main").write_text(folder.name)
print(folder)
"""

# A server of several processes talks to itself over loopback, the only interface that is left (vLLM, gloo, NCCL).
_LOOPBACK = {"VLLM_HOST_IP": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


class HubVocabulary:
    """The tokenizer that lies beside the weights. Nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)

    def count(self, answer: Answer) -> int:
        return min(len(answer.ids), len(self._tokenizer.encode(answer.text, add_special_tokens=False)))

    def spells(self, answer: Answer) -> bool:
        """A character that the length limit cut in two may be missing at the end."""
        try:
            text: str = self._tokenizer.decode(answer.ids, skip_special_tokens=False)
        except (OverflowError, IndexError, TypeError):
            return False
        return text.rstrip(_REPLACEMENT) == answer.text.rstrip(_REPLACEMENT)

    def prompt(self, text: str) -> list[int]:
        message = [{"role": "user", "content": text}]
        ids: list[int] = self._tokenizer.apply_chat_template(
            message, add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return ids


class HubEngine:
    internal_tcp = True

    def __init__(self, harness: Path, profile: Json) -> None:
        self._harness, self._profile = harness, profile
        self.reference: str = profile["reference"]
        self.devices: list[str] = [d for d in profile["devices"] if Path(d).exists()]
        self._snapshots: dict[str, Path] = {}

    def problems(self, submission: Path) -> list[str]:
        """A model of the Hub that could be another one tomorrow."""
        manifest = manifest_of(submission)
        model = manifest["model_id"]
        if model == self._profile["model"]["id"] or (submission / model).exists():
            return []
        try:
            _revision(manifest, self._harness)
        except SubmissionFault as fault:
            return [str(fault)]
        return []

    def install(self, work: Path, submissions: list[Path]) -> None:
        for folder in submissions:
            wanted = manifest_of(folder).get("dependencies", [])
            if wanted:
                self._environment_of(folder, work / f"venv-{folder.name}", wanted)

    def _environment_of(self, folder: Path, target: Path, wanted: list[str]) -> None:
        """A virtual environment over the packages of the image; what the image has already is not fetched again.

        Wheels alone: a source package runs its author's code while it is installed, before anything is isolated.
        """
        done = self._pip(target, "install", *wanted)
        if done.problem:
            theirs = done.code is not None and self._index_answers(target.with_name("venv-control"))
            raise _fault(f"install: {folder.name}: {done.problem}", theirs)
        _use_interpreter(folder, target / "bin" / "python")

    def _index_answers(self, target: Path) -> bool:
        """An index that is down says the same of every package: that there is none. Asked from an environment that nothing
        was installed in: what a wheel leaves in its own runs with every start of Python there."""
        return self._pip(target, "download", "--no-cache-dir", "--no-deps", "--dest", str(target), "pip").problem is None

    def _pip(self, target: Path, verb: str, *more: str) -> Done:
        made = _run([sys.executable, "-m", "venv", "--system-site-packages", str(target)], self._profile["install_s"])
        if made.problem:
            raise HarnessFault(made.problem)
        _see_own_packages(target)
        pip = [str(target / "bin" / "python"), "-m", "pip", verb, "--no-input", "--disable-pip-version-check"]
        return _run([*pip, "--only-binary", ":all:", *more], self._profile["install_s"])

    def fetch(self, work: Path, submissions: list[Path]) -> None:
        original = self._profile["model"]["id"]
        self._download(work, original, pinned(self._harness, original), None)
        for folder in submissions:
            manifest = manifest_of(folder)
            model = manifest["model_id"]
            if model != original and not (folder / model).exists():
                self._download(work, model, _revision(manifest, self._harness), folder.name)

    def _download(self, work: Path, model: str, revision: str, submission: str | None) -> None:
        """`submission` is at fault when there is no such model; that the Hub does not answer is the platform's, as the original is."""
        command = [sys.executable, "-c", _SNAPSHOT, model, revision, str(work / "hub")]
        done = _run(command, self._profile["fetch_s"])
        if done.problem:
            raise _fault(f"fetch: {submission or model}: {done.problem}", theirs=submission is not None and done.code == _NOT_THERE)
        self._snapshots[model] = Path(done.said.strip().splitlines()[-1])

    def vocabulary(self) -> Vocabulary:
        return HubVocabulary(self._snapshots[self._profile["model"]["id"]])

    def environment(self, work: Path) -> dict[str, str]:
        return {"HF_HUB_CACHE": str(work / "hub"), **_OFFLINE, **_LOOPBACK}

    def readable(self, work: Path) -> list[Path]:
        return [work / "hub", *work.glob("venv-*")]


def pinned(harness: Path, model: str) -> str:
    """Commit of a model in pins.json. A branch moves, so no run starts without a commit."""
    path = harness / "pins.json"
    pins = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    revision = pins.get("models", {}).get(model, {}).get("revision")
    if not isinstance(revision, str) or not _COMMIT.fullmatch(revision):
        raise HarnessFault(f"{model} is not pinned to a commit in pins.json: run `create-collab eval prepare`")
    return revision


def _revision(manifest: Json, harness: Path) -> str:
    revision = manifest.get("model_revision")
    if isinstance(revision, str) and _COMMIT.fullmatch(revision):
        return revision
    try:
        return pinned(harness, manifest["model_id"])
    except HarnessFault:
        raise SubmissionFault(
            f"manifest.json: {manifest['model_id']} needs model_revision, a commit of 40 hexadecimal digits: a branch moves"
        ) from None


def manifest_of(folder: Path) -> Json:
    manifest: Json = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def write_manifest(folder: Path, manifest: Json) -> None:
    """Into a staged copy, whose identity was taken before."""
    path = folder / "manifest.json"
    path.chmod(0o644)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    path.chmod(0o444)


def _see_own_packages(target: Path) -> None:
    """Over an interpreter that lives in a virtual environment itself, `--system-site-packages` sees only the one below."""
    if sys.prefix != sys.base_prefix:
        for folder in target.glob("lib/python*/site-packages"):
            (folder / "image.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")


def _use_interpreter(folder: Path, python: Path) -> None:
    """The staged copy starts with its own environment."""
    manifest = manifest_of(folder)
    if manifest["serve"][0] in ("python", "python3"):
        manifest["serve"][0] = str(python)
    write_manifest(folder, manifest)


@dataclass(frozen=True)
class Done:
    """A program that ended. `code`: None when it did not within its time. `said`: all that it printed, errors first."""

    code: int | None
    problem: str | None
    said: str = ""


def _run(command: list[str], timeout_s: float) -> Done:
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "HF_TOKEN", "HF_ENDPOINT", "LANG", "SSL_CERT_FILE")}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return Done(None, f"not done after {timeout_s:g} s")
    problem = None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-500:] or f"exit code {done.returncode}"
    return Done(done.returncode, problem, f"{done.stderr}\n{done.stdout}")


def _fault(reason: str, theirs: bool) -> SubmissionFault | HarnessFault:
    return SubmissionFault(reason) if theirs else HarnessFault(reason)
