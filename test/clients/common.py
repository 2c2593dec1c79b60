"""What the Python sides of the suite share: tokens, a report of operations, the `hf` command line.

Every script is called `{script} {hub url} {scratch folder} {client name} {phase}`, writes
`report-{client}-{phase}.json` into the scratch folder, and exits with 1 when anything failed.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

URL, SCRATCH, CLIENT, PHASE = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
ADMIN, ONE, READER, OUTSIDER = "hf_organizer", "hf_one", "hf_reader", "hf_outsider"
READ_ONLY, NARROW, WRONG = "hf_admin_read", "hf_narrow", "hf_wrong"
CROSS = "acme/cross"
rows = []


def check(operation, work):
    """Runs one operation; a failure is reported and does not stop the rest."""
    note("works", operation, lambda: work() and None)


def denied(operation, work, *says):
    """Runs an operation that must be refused with an error that says one of `says`; reports what it said."""

    def attempt():
        try:
            work()
        except Exception as error:
            shown = line(error)
            assert any(text in shown for text in says), f"{shown} does not say {says}"
            return shown
        raise AssertionError("was not refused")

    note("denied", operation, attempt)


def note(kind, operation, work):
    started = time.monotonic()
    try:
        outcome, shown = "ok", work()
    except Exception as error:
        outcome, shown = "FAILED", f"{type(error).__name__}: {line(error)[:300]}"
    seconds = time.monotonic() - started
    rows.append({"kind": kind, "operation": operation, "outcome": outcome, "shown": shown, "seconds": seconds})
    if outcome != "ok":
        print(f"{CLIENT}: {operation}: {outcome} {shown}", flush=True)


def line(error):
    """An error as its reader sees it, on one line, without what changes from call to call."""
    text = " ".join(str(error).split()).replace(URL, "{hub}")
    return re.sub(r" ?\(Request ID: [^)]*\)| ?For more information check: \S+", "", text)


def finish():
    (SCRATCH / f"report-{CLIENT}-{PHASE}.json").write_text(json.dumps(rows))
    sys.exit(any(row["outcome"] != "ok" for row in rows))


def expect(value, wanted):
    assert value == wanted, f"{str(value)[:300]!r} is not {str(wanted)[:300]!r}"


def wait(probe, seconds=240):
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return value


def sha(content):
    return hashlib.sha256(content).hexdigest()


def read_cross(read):
    """Every client left one file in the shared bucket; `read` must give the bytes of each."""
    for path in sorted(SCRATCH.glob("cross-*.bin")):
        wanted = sha(path.read_bytes())
        check(f"read what {path.stem[6:]} wrote", lambda: expect(sha(read(path.name)), wanted))


def hf(*args, token=ADMIN, stdin="", **more):
    """Output of the `hf` command line; what it complains about becomes the error's text. `more`: its environment."""
    env = {**os.environ, **more, "HF_TOKEN": token, "HF_HUB_DISABLE_UPDATE_CHECK": "1", "NO_COLOR": "1", "COLUMNS": "400"}
    # By the module: the script names the folder that the environment was made in, which may have moved.
    program = [sys.executable, "-m", "huggingface_hub.cli.hf"]
    done = subprocess.run([*program, *map(str, args)], env=env, input=stdin, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, complaint(done)
    return done.stdout


def complaint(done):
    said = [text for text in (done.stderr or done.stdout).splitlines() if text.strip()]
    at = next((i for i, text in enumerate(said) if "Error" in text), 0)
    return " ".join(said[at:]) or f"exit code {done.returncode}"


SPACE = {
    "README.md": "---\ntitle: Py\nsdk: docker\n---\n",
    "Dockerfile": 'FROM python\nCMD ["python3", "app.py"]\n',
    "app.py": (
        "import os\nfrom http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n"
        " def do_GET(self):\n  self.send_response(200); self.end_headers(); self.wfile.write(os.environ['WORD'].encode())\n"
        "print('the app is up')\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    ),
}


def space_folder():
    folder = SCRATCH / f"space-{CLIENT}"
    folder.mkdir(exist_ok=True)
    for name, text in SPACE.items():
        (folder / name).write_text(text)
    return folder


def sync_folder():
    folder = SCRATCH / f"sync-{CLIENT}"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep/b.txt").write_text("b")
    return folder
