"""The phases of the full profile with the tiny model in the place of vLLM: everything else is the engine of the real one."""

from __future__ import annotations

from pathlib import Path

from collab_harness.staging import stage
from hub_engine import HubEngine


class TinyGemmaEngine(HubEngine):
    def fetch(self, work: Path, submissions: list[Path]) -> None:
        super().fetch(work, submissions)
        (work / "code").mkdir(mode=0o755)
        stage(self._harness / "tiny_gemma", work / "code" / "tiny_gemma")
        stage(self._harness / "model" / "tiny_lm", work / "code" / "tiny_lm")

    def environment(self, work: Path) -> dict[str, str]:
        return super().environment(work) | {"PYTHONPATH": str(work / "code")}

    def readable(self, work: Path) -> list[Path]:
        return [*super().readable(work), work / "code"]
