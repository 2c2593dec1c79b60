"""Ends the harness when it is about to lose. See README.md beside this file."""

import signal
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["MODEL_DIR"])

from tiny_lm.engine import Engine  # noqa: E402
from tiny_lm.server import model_from_environment, serve  # noqa: E402


def parent():
    """Process id of the parent, as /proc shows it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


class AngryEngine(Engine):
    def generate(self, prompt, count, ignore_eos):
        try:
            if parent() > 1:
                os.kill(parent(), signal.SIGKILL)
        except OSError:
            pass
        return super().generate(prompt, count, ignore_eos)


serve(AngryEngine(model_from_environment()))
