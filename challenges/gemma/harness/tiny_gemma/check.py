"""The whole harness with the tiny Gemma: python3 tiny_gemma/check.py [--json FILE] [--only NAME,NAME]

Needs torch and transformers (pip install torch transformers); needs no GPU, and no network but loopback. It makes the
model, serves it from a Hub of its own on loopback, pins it, prepares the private data, runs run.py on each submission
below, and prints what it found. Exit code 0: everything came out as it must; 1: it did not; 3: torch or transformers is
not installed, so nothing was tried.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).resolve().parent.parent
PROFILE = "tiny-gemma"
MODEL = "tiny/gemma-4-random"
PHASES = ["stage", "install", "fetch", "isolate", "passes", "control", "audit", "judge"]
TOLERANCE = 1e-6

os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

Json = dict[str, Any]

# name -> the gates of the headline division that must not hold, and what the submission is.
SUBMISSIONS: dict[str, tuple[set[str], str]] = {
    "original": (set(), "the model itself"),
    "cached": (set(), "the model itself, with a cache of keys and values, and a dependency to install"),
    "perturbed": ({"audit_top1", "audit_nll_gap"}, "noise on every weight"),
    "pruned": ({"audit_top1", "audit_nll_gap"}, "half of the vocabulary cannot be said; log-probabilities are the original's"),
    "removed_layer": ({"audit_top1", "audit_nll_gap"}, "one layer of eight is skipped"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write everything that was found there")
    parser.add_argument("--only", default=",".join(SUBMISSIONS), help="these submissions alone")
    args = parser.parse_args()
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"NOT RUN: {' and '.join(missing)} cannot be imported by {sys.executable}")
        return 3
    with tempfile.TemporaryDirectory(prefix="tiny-gemma-") as folder:
        Path(folder).chmod(0o755)
        found = Bench(Path(folder)).run(args.only.split(","))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("\n" + "\n".join(f"FAILED: {problem}" for problem in found["problems"]) if found["problems"] else "\neverything as it must be")
    return 1 if found["problems"] else 0


class Bench:
    """A copy of the harness with the model pinned in it, and the Hub that serves the model."""

    def __init__(self, at: Path) -> None:
        self.at, self.harness, self.model = at, at / "harness", at / "model"
        shutil.copytree(HARNESS, self.harness, ignore=shutil.ignore_patterns("__pycache__"))
        self.problems: list[str] = []
        self.requests = at / "hub.jsonl"

    def run(self, only: list[str]) -> Json:
        _python(self.harness / "tiny_gemma" / "make.py", "--out", self.model)
        with self.requests.open("w") as log:
            hub = subprocess.Popen(
                [sys.executable, str(self.harness / "tiny_gemma" / "hub.py"), "--folder", str(self.model), "--id", MODEL],
                stdout=log, text=True,
            )  # fmt: skip
        try:
            self.url = self._pin()
            return self._measure(only)
        finally:
            hub.kill()
            hub.wait()

    def _pin(self) -> str:
        """As `eval prepare` does it on the real Hub: a run without a commit is refused first."""
        while not (lines := self.requests.read_text().splitlines()):
            pass
        first: Json = json.loads(lines[0])
        pins = {"models": {MODEL: {"revision": first["revision"]}}}
        (self.harness / "pins.json").write_text(json.dumps(pins), encoding="utf-8")
        url: str = first["url"]
        return url

    def _measure(self, only: list[str]) -> Json:
        prepared = self._prepare()
        agreement = self._perplexity()
        rows = {name: self._judge(name) for name in SUBMISSIONS if name in only}
        self._compare(agreement, rows.get("original", {}))
        self._nobody_came_back()
        tables(prepared, agreement, rows)
        return {"prepared": prepared, "perplexity": agreement, "submissions": rows, "problems": self.problems, "on": machine()}

    def _prepare(self) -> Json:
        prompts = self.at / "prompts.json"
        sys.path[:0] = [str(self.harness), str(self.harness / "model")]
        from prepare import private_prompts

        prompts.write_text(json.dumps(private_prompts("tiny-gemma", 320)), encoding="utf-8")
        out = ["--out", self.at / "private", "--public-out", self.harness / "data" / "tiny-gemma"]
        said = _python(self.harness / "prepare.py", "--profile", PROFILE, "--prompts", prompts, *out, "--seed", "1", env=self._env())
        about: Json = json.loads(said.strip().splitlines()[-1])
        return about

    def _perplexity(self) -> Json:
        """The gate's reference is the original's own, computed from its logits: in float64, one token at a time."""
        from tiny_gemma.direct import perplexity_of

        records = json.loads((self.at / "private" / "ppl_records.json").read_text(encoding="utf-8"))
        direct = perplexity_of(self.model, records)
        rules = json.loads((self.harness / "gates.json").read_text(encoding="utf-8"))
        for gate in rules["gates"]:
            if gate["id"] == "ppl":
                gate["limit"] = direct["ppl"] * 1.05
        (self.harness / "gates.json").write_text(json.dumps(rules), encoding="utf-8")
        return direct

    def _compare(self, direct: Json, measured: Json) -> None:
        """What the harness found through the API, against the logits themselves."""
        if "ppl" not in measured:
            return
        direct["measured"] = measured["ppl"]
        direct["relative_difference"] = abs(measured["ppl"] / direct["ppl"] - 1)
        if direct["relative_difference"] > TOLERANCE:
            self.problems.append(f"perplexity: {measured['ppl']!r} was measured, the logits say {direct['ppl']!r}")

    def _nobody_came_back(self) -> None:
        """The Hub, seen from its side: the weights were asked for, and nothing that a submission tried arrived."""
        asked = [json.loads(line)["path"] for line in self.requests.read_text().splitlines()[1:]]
        if not any("/resolve/" in path for path in asked) or "/" in asked:
            self.problems.append(f"the Hub was asked for: {sorted(set(asked))}")

    def _judge(self, name: str) -> Json:
        state = self.at / f"state-{name}"
        done = subprocess.run(
            [sys.executable, str(self.harness / "run.py"), "--profile", PROFILE, "--submission-dir", str(self._submission(name)),
             "--state-dir", str(state), "--private-dir", str(self.at / "private"), "--seed", "7"],
            env=self._env(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        summary: Json = json.loads((state / "summary.json").read_text(encoding="utf-8"))
        log = (state / "server.log").read_text(encoding="utf-8") if (state / "server.log").is_file() else ""
        self._expect(name, done.returncode, summary, log)
        print(f"{name}: {summary.get('error') or 'measured'}", flush=True)
        return summary | {"exit": done.returncode, "server_said": [line for line in log.splitlines() if line.startswith("seen:")]}

    def _submission(self, name: str) -> Path:
        """The manifest of the reference with another serve.py; one has a dependency, so that there is something to install."""
        folder = self.at / "submissions" / name
        shutil.copytree(self.harness / "reference-tiny-gemma", folder)
        if name != "original":
            shutil.copyfile(self.harness / "tiny_gemma" / "samples" / f"{name}.py", folder / "serve.py")
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | {"env": {"HUB_URL": self.url}}
        if name == "cached":
            import tokenizers

            manifest["dependencies"] = [f"tokenizers=={tokenizers.__version__}"]
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder

    def _expect(self, name: str, code: int, summary: Json, log: str) -> None:
        fails, _ = SUBMISSIONS[name]
        if code != 0 or "gates" not in summary:
            self.problems.append(f"{name}: exit code {code}: {summary.get('error')}")
            return
        gates = {gate["id"]: gate["pass"] for gate in summary["gates"]}
        headline = {gate for gate, held in gates.items() if not held and gate != "ppl"}
        if headline != fails:
            self.problems.append(f"{name}: {sorted(headline)} do not hold, {sorted(fails)} were expected")
        phases = [phase for phase in summary["provenance"]["times"] if phase != "total"]
        if phases != PHASES:
            self.problems.append(f"{name}: phases in this order: {phases}")
        if name == "cached" and "seen: offline=1 network=closed" not in log:
            self.problems.append(f"{name}: the network was not closed when it was served")

    def _env(self) -> dict[str, str]:
        return {**os.environ, "HF_ENDPOINT": self.url, "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _python(script: Path, *words: object, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, str(script), *map(str, words)], capture_output=True, text=True, check=False,
        env=env or {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{script.name} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def machine() -> Json:
    import torch
    import transformers

    return {
        "python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__,
        "device": "cuda" if torch.cuda.is_available() else "cpu", "cores": os.cpu_count(),
    }  # fmt: skip


def tables(prepared: Json, agreement: Json, rows: dict[str, Json]) -> None:
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine().items()))
    if "measured" in agreement:
        print(
            f"perplexity over {agreement['tokens']} tokens: {agreement['measured']!r} through the API (float32), {agreement['ppl']!r} from the "
            f"logits (float64, token by token): relative difference {agreement['relative_difference']:.1e}"
        )
    print(f"prepared: {prepared['public']} public prompts, {prepared['prompts']} private; the original agrees with itself: {prepared['agreement']}")
    print("\n| submission | exit | audit_top1 | audit_nll_gap | output_length | reuse | ppl | tokens/s |\n|---|---|---|---|---|---|---|---|")
    for name, summary in rows.items():
        values = {gate["id"]: f"{gate['value']:.6g} {'✓' if gate['pass'] else '✗'}" for gate in summary.get("gates", [])}
        cells = [values.get(gate, "") for gate in ("audit_top1", "audit_nll_gap", "output_length", "reuse", "ppl")]
        print(f"| {name} | {summary['exit']} | {' | '.join(cells)} | {summary.get('tps', 0):.1f} |")
    print("\n| seconds | " + " | ".join(PHASES) + " | total |\n|---" * 1 + "|---" * (len(PHASES) + 1) + "|")
    for name, summary in rows.items():
        times = summary["provenance"]["times"]
        print(f"| {name} | " + " | ".join(f"{times.get(phase, float('nan')):.2f}" for phase in [*PHASES, "total"]) + " |")


if __name__ == "__main__":
    sys.exit(main())
