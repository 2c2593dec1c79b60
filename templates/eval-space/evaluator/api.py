"""The collaboration server, as far as an evaluator needs it. It judges; nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluator.web import read_json, send
from evaluator.settings import Settings


@dataclass(frozen=True)
class Volume:
    source: str
    path: str
    mount_path: str
    read_only: bool


@dataclass(frozen=True)
class Run:
    id: str
    result: str
    command: list[str]
    volumes: list[Volume]
    timeout_s: float
    renew_every_s: float


class Api:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._headers = {"X-Evaluator-Key": settings.key}
        if settings.api_private:  # the Hub's proxy in front of a private Space wants to know who comes
            self._headers["Authorization"] = f"Bearer {settings.hf_token}"

    def claim(self) -> Run | None:
        """The next result, or None. @raises Refused, Unavailable"""
        run = self._post("/v1/queue:claim", {"evaluator": self._settings.name})["run"]
        if run is None:
            return None
        volumes = [Volume(each["source"], each["path"], each["mountPath"], each["readOnly"]) for each in run["volumes"]]
        return Run(run["id"], run["result"], run["command"], volumes, run["timeout_s"], run["renew_every_s"])

    def renew(self, run: Run) -> None:
        """@raises Refused (409: it is another's now), Unavailable"""
        self._post(f"/v1/queue/runs/{run.id}:renew")

    def release(self, run: Run) -> None:
        self._post(f"/v1/queue/runs/{run.id}:release")

    def end(self, run: Run, report: dict[str, Any]) -> str:
        """@returns the state the server judged."""
        return str(self._post(f"/v1/queue/runs/{run.id}:end", report)["verification"])

    def _post(self, path: str, body: Any = None) -> Any:
        with send("POST", self._settings.api_url + path, self._headers, body) as answer:
            return read_json(answer)
