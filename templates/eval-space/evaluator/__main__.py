"""`python3 -m evaluator`: settings from the environment, until SIGTERM."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from evaluator.api import Api
from evaluator.buckets import Buckets
from evaluator.loop import Loop
from evaluator.settings import SettingsError, take
from evaluator.status import Status, serve

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36


def guard() -> None:
    """Closes this process to others of the same user (its environment and memory hold secrets), and makes it the one to
    which whatever a run leaves behind falls, so that it can be ended. prctl(2); Linux alone has it."""
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for option, value in ((PR_SET_DUMPABLE, 0), (PR_SET_CHILD_SUBREAPER, 1)):
        if prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({option})")


def main() -> int:
    guard()
    try:
        settings = take()
    except SettingsError as error:
        print(f"evaluator: {error}", flush=True)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    status = Status()
    serve(status, settings.host, settings.port)
    cache = Path(tempfile.mkdtemp(prefix="evaluator-"))
    buckets = Buckets(settings.hub_url, settings.hf_token, cache / "files")
    loop = Loop(Api(settings), buckets, status, settings.poll_s, stop, say, settings.needs_layer)
    try:
        loop.forever()
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return 0


def say(text: str) -> None:
    print(f"evaluator: {text}", flush=True)


if __name__ == "__main__":
    # What a harness left running must not keep this process up.
    code = main()
    sys.stdout.flush()
    os._exit(code)
