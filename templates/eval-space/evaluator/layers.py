"""Where the machine is the organizer's own: is there anything that keeps a submission from its files?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# One is enough to close files to a submission. In a Space the container does it.
CLOSING = ("landlock", "unprivileged_user")
PROBE_S = 60


def missing(harness: Path) -> str | None:
    """Why nothing may run here, as the probe of the harness itself finds it; None: something closes the files."""
    with tempfile.TemporaryDirectory(prefix="layers-") as out:
        command = [sys.executable, str(harness / "collab_harness" / "probe.py"), "--state-dir", out]
        env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            subprocess.run(command, env=env, capture_output=True, timeout=PROBE_S, check=False)
            found = json.loads((Path(out) / "isolation.json").read_text(encoding="utf-8"))["layers"]
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            return f"whether anything keeps a submission from this machine could not be told: {error}"
    if any(layer in found for layer in CLOSING):
        return None
    return "nothing on this machine keeps a submission from its files; start with --trust-submissions to run it all the same"
