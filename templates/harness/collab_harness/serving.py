"""A submission as a running OpenAI server: started from its manifest, waited for, and gone when it is left."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from collab_harness.client import Client
from collab_harness.faults import SubmissionFault
from collab_harness.isolation import Isolation
from collab_harness.limits import Limits
from collab_harness.process import Program, Running

# A server that dies closes its connections before its process is gone.
_LAST_WORDS_S = 0.5


@dataclass(frozen=True)
class Setting:
    """What all servers of one run have in common. Times in seconds."""

    isolation: Isolation
    required_layers: list[str]
    limits: Limits
    startup_s: float
    request_s: float
    env: dict[str, str] = field(default_factory=dict)
    readable: list[Path] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    # Servers of several processes talk over loopback TCP; others need no connections of their own.
    internal_tcp: bool = False


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


class Server:
    """`with Server(folder, scratch, setting) as client:`; leaving it ends the whole process tree."""

    def __init__(self, folder: Path, scratch: Path, setting: Setting) -> None:
        self._setting = setting
        self._manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self._port = free_port()
        open_tcp = setting.internal_tcp or "network_namespace" in setting.isolation.holding
        self._program = Program(
            argv=self._manifest["serve"],
            folder=folder,
            scratch=scratch,
            env=self._environment(),
            read=setting.readable,
            write=[Path(device) for device in setting.devices],
            connect_ports=None if open_tcp else [],
        )
        self.running: Running | None = None

    @property
    def log(self) -> str:
        """What the program printed, for people. Never evidence."""
        return bytes(self.running.log).decode("utf-8", "replace") if self.running else ""

    def _environment(self) -> dict[str, str]:
        own = {str(k): str(v) for k, v in self._manifest.get("env", {}).items()}
        address = {"HOST": "127.0.0.1", "PORT": str(self._port)}
        model = {"MODEL_ID": self._manifest["model_id"], "SERVED_MODEL_NAME": self._manifest["served_model_name"]}
        return own | self._setting.env | model | address

    def __enter__(self) -> Client:
        self.running = Running(self._program, self._setting.isolation, self._setting.limits, self._setting.required_layers)
        self._client = Client(self._port, self._manifest["served_model_name"], self._setting.request_s)
        try:
            self._wait_until_ready(self.running)
        except BaseException:
            self._end()
            raise
        return self._client

    def _wait_until_ready(self, running: Running) -> None:
        end = time.monotonic() + self._setting.startup_s
        while not self._client.ready():
            if running.exit_code is not None or running.exceeded:
                raise SubmissionFault(f"the server was never ready: {running.death()}")
            if time.monotonic() > end:
                raise SubmissionFault(f"the server was not ready after {self._setting.startup_s:g} s")
            time.sleep(0.02)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        fault = isinstance(error, SubmissionFault)
        gone = fault and self.running is not None and self.running.ended_within(_LAST_WORDS_S)
        death = self.running.death() if gone and self.running else None
        self._end()
        if death:
            raise SubmissionFault(f"{error}; {death}") from error

    def _end(self) -> None:
        self._client.close()
        if self.running:
            self.running.stop()
