"""summary.json of the Gemma challenge, built up while the run goes on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collab_harness import VERSION
from collab_harness.audit import Audit
from collab_harness.isolation import Isolation
from collab_harness.speed import reuse
from collab_harness.staging import content_sha256, sha256_file
from collab_harness.summary import Measured as Value
from collab_harness.summary import judge, write_atomic
from pictures import share

if TYPE_CHECKING:
    from settings import Settings
    from stages import Controlled, Measured

Json = dict[str, Any]

# Bonferroni: five gates, each wrong at most once in five hundred honest runs, are wrong together at most once in a hundred.
GATE_CONFIDENCE = 1 - 0.01 / 5
MAX_LOG_BYTES = 1 << 18


class Report:
    def __init__(self, state: Path) -> None:
        self._state = state
        self._settings: Settings | None = None
        self.seed = 0
        self.isolation: Isolation | None = None
        self._started = self._mark = time.monotonic()
        self._times: dict[str, float] = {}
        self._submission_sha256: str | None = None

    def start(self, settings: Settings, seed: int) -> None:
        self._settings, self.seed = settings, seed

    def submission(self, sha256: str) -> None:
        self._submission_sha256 = sha256

    def phase(self, name: str) -> None:
        """Close a phase: its wall time since the last one, in seconds."""
        now = time.monotonic()
        self._times[name] = round(now - self._mark, 3)
        self._mark = now

    def log(self, name: str, text: str) -> None:
        (self._state / name).write_text(text[-MAX_LOG_BYTES:], encoding="utf-8")

    def fail(self, error: str) -> None:
        """No measurement: only the reason, and where it comes from."""
        self._write({"error": error, "gates": [], "shown": {}})
        print(f"error: {error}")

    def finish(self, measured: Measured, control: Controlled, audit: Audit) -> None:
        assert self._settings is not None
        self.log("timings.jsonl", timings(measured))
        mean = statistics.fmean(measured.tps)
        sd = statistics.stdev(measured.tps) if len(measured.tps) > 1 else None
        gates = self._judge(measured, control, audit)
        self.phase("judge")
        self._write({
            self._settings.metric: mean,
            "ppl": measured.ppl.ppl,
            "score": {"mean": mean, "sd": sd, "runs": len(measured.tps), "unit": "tokens/s"},
            "gates": gates,
            "shown": shown(measured, control, self._settings),
        })  # fmt: skip
        for gate in gates:
            print(f"{'pass' if gate['pass'] else 'FAIL'}  {gate['id']} = {gate['value']} ({gate['op']} {gate['limit']})")
        print(f"{self._settings.metric} = {mean:.1f}")

    def examined(self, gate: Json, shown: Json) -> None:
        """An exam: one gate, no score."""
        self._write({"gates": [gate], "shown": {"downstream": shown}})
        print(f"{'pass' if gate['pass'] else 'FAIL'}  {gate['id']} = {gate['value']} ({gate['op']} {gate['limit']}); {gate['note']}")

    def _judge(self, measured: Measured, control: Controlled, audit: Audit) -> list[Json]:
        assert self._settings is not None
        values = gate_values(measured, control, audit, self._settings.profile["output_tokens"])
        return [judge(gate, values[gate["id"]]) for gate in self._settings.gates if gate["id"] in values]

    def _write(self, payload: Json) -> None:
        payload = {"schema": 1, **payload, "provenance": self._provenance(), "files": self._files()}
        write_atomic(self._state / "summary.json", payload)

    def _files(self) -> dict[str, str]:
        known = ("server.log", "timings.jsonl")
        return {name: sha256_file(self._state / name) for name in known if (self._state / name).is_file()}

    def _provenance(self) -> Json:
        settings = self._settings
        return {
            "harness_version": VERSION,
            "harness_sha256": harness_sha256(settings.harness) if settings else None,
            "submission_sha256": self._submission_sha256,
            "profile": settings.profile_name if settings else None,
            "private": settings.private if settings else None,
            "image": os.environ.get("JOB_IMAGE"),
            "flavor": os.environ.get("JOB_FLAVOR") or os.environ.get("ACCELERATOR"),
            "hardware": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "seeds": [self.seed],
            "isolation": self.isolation.describe() if self.isolation else None,
            "times": {**self._times, "total": round(time.monotonic() - self._started, 3)},
        }


def gate_values(measured: Measured, control: Controlled, audit: Audit, asked: int) -> dict[str, Value]:
    """What each gate of this challenge is held against."""
    pictures = {"multimodal_smoke": _pictures(measured, control)} if control.looked.right else {}
    length = max(abs(n - asked) / asked for n in measured.counts)
    again = reuse(measured.passes, GATE_CONFIDENCE)
    return {
        "audit_top1": Value(audit.top1.value, audit.top1.n, audit.top1.se),
        "audit_nll_gap": Value(audit.nll_gap.value, audit.nll_gap.n, audit.nll_gap.se),
        "output_length": Value(length, len(measured.counts)),
        "reuse": Value(again.lower, again.n, note=f"lower bound; estimate {again.speedup:.3f}"),
        "ppl": Value(measured.ppl.ppl, measured.ppl.tokens, note="as the submission reports it"),
        **pictures,
    }


def _pictures(measured: Measured, control: Controlled) -> Value:
    value, n = share(measured.looked, control.looked)
    return Value(value, n, note=measured.looked.problem or "")


def shown(measured: Measured, control: Controlled, settings: Settings) -> Json:
    """Beside the score, never ranked."""
    return {
        "completion_tokens": sum(measured.counts),
        "passes": [{"score": tps, "requests": len(one.requests), "seconds": one.seconds} for tps, one in zip(measured.tps, measured.passes)],
        "control": {"baseline_tps": control.tps, "times_baseline": statistics.fmean(measured.tps) / control.tps},
        "latency": {"unavailable": measured.latency} if isinstance(measured.latency, str) else asdict(measured.latency),
        "gates_not_applicable": settings.profile.get("not_applicable", {}),
    }


def timings(measured: Measured) -> str:
    """Raw timestamps, one JSON line per request, in seconds from the first request."""
    start = measured.passes[0].requests[0].answer.sent
    lines = [
        json.dumps({
            "pass": number, "prompt": request.prompt, "tokens": len(request.answer.ids),
            "sent": request.answer.sent - start, "received": request.answer.received - start,
        })
        for number, one in enumerate(measured.passes)
        for request in one.requests
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def harness_sha256(folder: Path) -> str:
    """Content hash of the harness as it was uploaded (no caches)."""
    return content_sha256(folder)
