"""The evaluator: what it fetches, how it ends a run, what it tells, and what nobody gets out of it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import evaluator.loop as loops
from evaluator.api import Run, Volume
from evaluator.bench import EVIDENCE_BYTES, LINE_CHARS, Stopped, evidence, perform
from evaluator.buckets import Buckets, Entry, relative
from evaluator.loop import Loop
from evaluator.settings import SettingsError, take
from evaluator.status import Status
from evaluator.web import Refused, Unavailable, send

PACKAGE = Path(__file__).resolve().parents[1]
ENV = {"API_URL": "http://server/", "EVALUATOR_KEY": "ccek_secret", "HF_TOKEN": "hf_secret", "SPACE_ID": "me/space"}


def process_one() -> list[str]:
    """How to be process 1 of a namespace here; empty where nobody may."""
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    try:
        there = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return []
    return command if there else []


PROCESS_ONE = process_one()


class SettingsTest(unittest.TestCase):
    def test_secrets_leave_the_environment_and_are_not_shown(self) -> None:
        env = dict(ENV)
        settings = take(env)
        self.assertEqual((settings.api_url, settings.name, settings.key), ("http://server", "me.space", "ccek_secret"))
        self.assertNotIn("secret", str(env) + repr(settings))

    def test_names_what_is_missing_and_no_value(self) -> None:
        env = {"HF_TOKEN": "hf_secret"}
        with self.assertRaisesRegex(SettingsError, "^not set: API_URL, EVALUATOR_KEY$"):
            take(env)
        self.assertEqual(env, {})


class Folders:
    """Buckets on this machine: the same call, files from a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.error: Exception | None = None

    def fetch(self, bucket: str, prefix: str, into: Path, go_on: Any) -> None:
        go_on()
        if self.error:
            raise self.error
        shutil.copytree(self.root / bucket / prefix, into)


class Listed(Buckets):
    """Buckets that list what they are told; contents come from here."""

    def __init__(self, files: dict[str, bytes], cache: Path) -> None:
        super().__init__("http://hub", "", cache)
        self.files = files

    def list(self, bucket: str, prefix: str) -> Iterator[Entry]:
        return iter(Entry(f"{prefix}/{name}", 0, "0" * 64) for name in self.files)

    def _download(self, bucket: str, entry: Entry, kept: Path) -> None:
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(b"")


class BenchCase(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.folders = Folders(self.root)
        self.stop = threading.Event()

    def run_of(self, program: str, timeout_s: float = 30.0) -> Run:
        for folder in ("central/harness", "central/submissions/aa"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "central/harness/run.py").write_text(program)
        (self.root / "central/submissions/aa/serve.py").write_text("print()")
        volumes = [
            Volume("central", "submissions/aa", "/submission", True),
            Volume("central", "harness", "/harness", True),
            Volume("private", "runs/1", "/state", False),
        ]
        return Run("r1", "a.md", ["python3", "/harness/run.py", "/submission", "/state", "/statement"], volumes, timeout_s, 0.2)


class RunTest(BenchCase):
    def perform(self, program: str, timeout_s: float = 30.0) -> Any:
        return perform(self.run_of(program, timeout_s), self.folders, self.stop)  # type: ignore[arg-type]

    def test_paths_of_the_job_become_folders_here(self) -> None:
        ended = self.perform(
            "import os, sys\n"
            "open(sys.argv[2] + '/summary.json', 'w').write(str(os.listdir(sys.argv[1])))\n"
            "print(sys.argv[3]); sys.exit(3)"
        )
        self.assertEqual((ended.exit_code, ended.timed_out), (3, False))
        self.assertEqual(ended.logs, ["/statement"])
        self.assertEqual(base64.b64decode(ended.files["summary.json"]), b"['serve.py']")

    def test_the_environment_holds_no_setting_of_the_evaluator(self) -> None:
        os.environ["API_URL"] = "http://server"
        self.addCleanup(os.environ.pop, "API_URL")
        ended = self.perform("import os; print(sorted(os.environ))")
        self.assertNotIn("API_URL", ended.logs[0])
        self.assertIn("PATH", ended.logs[0])

    def test_a_run_that_hangs_is_ended_with_all_it_started(self) -> None:
        ended = self.perform(
            "import os, subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
            "print(child.pid, flush=True); time.sleep(600)",
            timeout_s=2.0,
        )
        self.assertEqual((ended.exit_code, ended.timed_out), (None, True))
        self.assertLess(ended.seconds, 20)
        self.assertFalse(_alive(int(ended.logs[0])))

    def test_what_a_run_that_was_ended_kept_is_removed(self) -> None:
        ended = self.perform(
            "import os, tempfile, time\nplace = tempfile.mkdtemp(); print(place, flush=True)\n"
            "here = os.open(place, os.O_RDONLY)\n"
            "for _ in range(1500):\n"
            "    os.mkdir('d', dir_fd=here); here, before = os.open('d', os.O_RDONLY, dir_fd=here), here; os.close(before)\n"
            "print('deep', flush=True); time.sleep(600)",
            timeout_s=5.0,
        )
        self.assertEqual((ended.timed_out, ended.logs[1]), (True, "deep"))
        self.assertFalse(Path(ended.logs[0]).parent.exists())

    @unittest.skipUnless(PROCESS_ONE, "no namespace to be process 1 of")
    def test_as_process_one_it_ends_what_forks_faster_than_it_is_found(self) -> None:
        code = (
            "import os, subprocess, sys, time\nfrom evaluator.ending import end_all\n"
            "hydra = 'import os\\nwhile True:\\n    if os.fork(): os._exit(0)\\n    os.setsid()'\n"
            "for _ in range(2): subprocess.run([sys.executable, '-c', hydra])\n"
            "print(os.getpid(), end_all())\n"
        )
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([*PROCESS_ONE, sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.stdout.split(), done.stderr), (["1", "True"], ""))

    def test_a_run_that_is_not_wanted_any_more_is_ended(self) -> None:
        threading.Timer(0.5, self.stop.set).start()
        with self.assertRaises(Stopped):
            self.perform("import time; time.sleep(600)")

    def test_floods_are_bounded(self) -> None:
        ended = self.perform("import sys\nfor n in range(30000): print('x' * 500)\nsys.stdout.write('y' * 2000000)")
        self.assertEqual(ended.exit_code, 0)
        self.assertLess(sum(map(len, ended.logs)), 1 << 18)
        self.assertLessEqual(max(map(len, ended.logs)), LINE_CHARS)

    def test_what_cannot_be_fetched_is_told_and_what_may_pass_is_not(self) -> None:
        run = self.run_of("")
        self.folders.error = Refused(404, "404 no such file")
        ended = perform(run, self.folders, self.stop)  # type: ignore[arg-type]
        self.assertEqual((ended.exit_code, ended.message), (None, "could not be fetched: 404 no such file"))
        for error in (Unavailable("503"), Refused(401, "token"), Refused(403, "token")):
            self.folders.error = error
            with self.assertRaises(type(error)):
                perform(run, self.folders, self.stop)  # type: ignore[arg-type]

    def test_a_submission_that_no_folder_can_hold_is_its_own_fault(self) -> None:
        for name in ("serve.py/x", "x" * 256, "nul\0", "half\ud800"):
            folders = Listed({"serve.py": b"", name: b""}, self.root / "cache")
            run = Run("r1", "a.md", ["python3", "/submission/serve.py"], [Volume("central", "s", "/submission", True)], 30.0, 0.2)
            ended = perform(run, folders, self.stop)
            self.assertEqual(ended.exit_code, None)
            self.assertRegex(ended.message, "^could not be fetched: .*no folder can hold")

    def test_a_state_folder_that_was_spoiled_is_no_fault_of_this_machine(self) -> None:
        spoilt = "import os, sys; os.rmdir(sys.argv[2]); "
        for code in ("open(sys.argv[2], 'w')", "os.symlink(sys.argv[2], sys.argv[2])", "os.symlink('/proc/self', sys.argv[2])"):
            ended = self.perform(spoilt + code)
            self.assertEqual((ended.exit_code, ended.files), (0, {}))
            shutil.rmtree(self.root / "central")

    @unittest.skipIf(os.geteuid() == 0, "nothing is closed to root")
    def test_what_a_run_closes_is_removed_all_the_same(self) -> None:
        ended = self.perform("import os, sys; os.mkdir('a'); open('a/b', 'w'); os.chmod('a', 0); os.chmod(sys.argv[2], 0); print(os.getcwd())")
        self.assertEqual((ended.exit_code, ended.files), (0, {}))
        self.assertFalse(Path(ended.logs[0]).exists())

    def test_where_files_must_be_closed_and_nothing_closes_them_nothing_runs(self) -> None:
        run = self.run_of("open('ran', 'w')")
        probe = self.root / "central/harness/collab_harness/probe.py"
        with self.assertRaisesRegex(Unavailable, "could not be told"):
            perform(run, self.folders, self.stop, needs_layer=True)  # type: ignore[arg-type]
        probe.parent.mkdir()
        for layers, closed in (([], False), (["mount_namespace"], False), (["landlock"], True)):
            found = json.dumps({"layers": layers})
            probe.write_text(f"import sys; open(sys.argv[2] + '/isolation.json', 'w').write({found!r})")
            if closed:
                self.assertEqual(perform(run, self.folders, self.stop, needs_layer=True).exit_code, 0)  # type: ignore[arg-type]
                continue
            with self.assertRaisesRegex(Unavailable, "nothing on this machine"):
                perform(run, self.folders, self.stop, needs_layer=True)  # type: ignore[arg-type]

    def test_evidence_is_plain_files_alone(self) -> None:
        state, secret = self.root / "state", self.root / "secret"
        state.mkdir()
        secret.write_text("secret")
        (state / "link.json").symlink_to(secret)
        os.link(secret, state / ".hidden")
        os.mkfifo(state / "pipe")
        (state / "folder").mkdir()
        (state / "big.bin").write_bytes(b"x" * EVIDENCE_BYTES)
        (state / "summary.json").write_text("{}")
        (state / "a b").write_text("")
        files, left_out = evidence(state)
        self.assertEqual({name: base64.b64decode(data) for name, data in files.items()}, {"summary.json": b"{}"})
        self.assertEqual(len(left_out), 6)
        self.assertEqual(evidence(state / "nothing"), ({}, []))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class WaitTest(unittest.TestCase):
    def test_waits_twice_as_long_after_each_failure_and_never_over_five_minutes(self) -> None:
        class Unreachable:
            def claim(self) -> None:
                raise Unavailable("no server")

        class Stop:
            def __init__(self) -> None:
                self.waits: list[float] = []

            def is_set(self) -> bool:
                return len(self.waits) == 7

            def wait(self, seconds: float) -> None:
                self.waits.append(seconds)

        stop: Any = Stop()
        unreachable: Any = Unreachable()
        Loop(unreachable, unreachable, Status(), 5.0, stop, lambda _line: None).forever()
        self.assertEqual(stop.waits, [10, 20, 40, 80, 160, 300, 300])


class PathTest(unittest.TestCase):
    def test_no_path_leads_out_of_its_folder(self) -> None:
        self.assertEqual(str(relative("submissions/aa/x/y.py", "submissions/aa")), "x/y.py")
        for path in ("submissions/aab/x", "submissions/aa/../x", "submissions/aa//x", "/etc/passwd", "submissions/aa/"):
            with self.assertRaises(Refused):
                relative(path, "submissions/aa")


class Site:
    """A web server that answers as told and keeps the headers it saw."""

    def __init__(self, status: int = 200, location: str | None = None) -> None:
        self.seen: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                body = b'{"error": {"message": "because"}}'
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class WebTest(unittest.TestCase):
    def site(self, status: int = 200, location: str | None = None) -> Site:
        site = Site(status, location)
        self.addCleanup(site.close)
        return site

    def test_credentials_do_not_follow_a_redirect(self) -> None:
        target = self.site()
        front = self.site(302, target.url)
        send("GET", front.url, {"Authorization": "Bearer hf_x", "X-Evaluator-Key": "ccek_x"}).close()
        self.assertEqual(front.seen[0]["authorization"], "Bearer hf_x")
        self.assertFalse({"authorization", "x-evaluator-key"} & set(target.seen[0]))

    def test_failures_are_sorted_by_what_to_do_about_them(self) -> None:
        for status, kind in ((404, Refused), (409, Refused), (401, Refused), (429, Unavailable), (503, Unavailable)):
            with self.assertRaisesRegex(kind, f"{status} because"):
                send("GET", self.site(status).url, {})
        site = Site()
        site.close()
        with self.assertRaises(Unavailable):
            send("GET", site.url, {})


class Server:
    """The server's side of the calls, as a script of answers."""

    def __init__(self, run: Run | None) -> None:
        self.run = run
        self.calls: list[str] = []
        self.reports: list[dict[str, Any]] = []
        self.refuse_end: list[Exception] = []
        self.renewal: Exception | None = None

    def claim(self) -> Run | None:
        self.calls.append("claim")
        return self.run

    def renew(self, run: Run) -> None:
        self.calls.append("renew")
        if self.renewal:
            raise self.renewal

    def release(self, run: Run) -> None:
        self.calls.append("release")

    def end(self, run: Run, report: dict[str, Any]) -> str:
        self.calls.append("end")
        self.reports.append(report)
        if self.refuse_end:
            raise self.refuse_end.pop(0)
        return "valid"


class LoopTest(BenchCase):
    def loop(self, program: str, folders: Folders | None = None) -> tuple[Server, Loop]:
        server = Server(self.run_of(program))
        loop = Loop(server, folders or self.folders, Status(), 0.01, self.stop, lambda _: None)  # type: ignore[arg-type]
        return server, loop

    def test_a_run_is_told_once(self) -> None:
        server, loop = self.loop("print('hello')")
        self.assertTrue(loop.once())
        self.assertEqual(server.calls[-1], "end")
        self.assertEqual((server.reports[0]["exit_code"], server.reports[0]["logs"]), (0, ["hello"]))
        self.assertEqual(loop.status.facts()[1]["ended"], {"valid": 1})

    def test_beside_what_an_earlier_run_left_nothing_is_taken(self) -> None:
        server, loop = self.loop("")
        self.addCleanup(setattr, loops, "end_all", loops.end_all)
        loops.end_all = lambda: False
        with self.assertRaisesRegex(Unavailable, "cannot be ended"):
            loop.once()
        self.assertEqual(server.calls, [])

    def test_nothing_waits(self) -> None:
        server, loop = self.loop("")
        server.run = None
        self.assertFalse(loop.once())
        self.assertTrue(loop.status.facts()[0])

    def test_a_lease_that_is_gone_ends_the_run_and_nothing_is_told(self) -> None:
        server, loop = self.loop("import time; time.sleep(600)")
        server.renewal = Refused(409, "another's")
        began = time.monotonic()
        loop.once()
        self.assertLess(time.monotonic() - began, 20)
        self.assertNotIn("end", server.calls)

    def test_a_stop_gives_the_run_back(self) -> None:
        server, loop = self.loop("import time; time.sleep(600)")
        threading.Timer(0.5, self.stop.set).start()
        loop.once()
        self.assertEqual(server.calls[-1], "release")
        self.assertNotIn("end", server.calls)

    def test_a_server_that_does_not_answer_is_told_again(self) -> None:
        server, loop = self.loop("")
        server.refuse_end = [Unavailable("down")]
        loop.once()
        self.assertEqual([report["exit_code"] for report in server.reports], [0, 0])

    def test_evidence_the_server_refuses_is_left_out(self) -> None:
        server, loop = self.loop("import sys; open(sys.argv[2] + '/summary.json', 'w').write('{}')")
        server.refuse_end = [Refused(413, "too large")]
        loop.once()
        self.assertEqual([sorted(report["files"]) for report in server.reports], [["summary.json"], []])
        self.assertNotIn("exit_code", server.reports[1])

    def test_a_fault_of_token_or_hub_gives_the_run_back(self) -> None:
        for error in (Refused(403, "token"), Unavailable("hub"), OSError("disk full")):
            folders = Folders(self.root)
            folders.error = error
            shutil.rmtree(self.root / "central", ignore_errors=True)
            server, loop = self.loop("", folders)
            with self.assertRaises((Refused, Unavailable)):
                loop.once()
            self.assertEqual(server.calls[-1], "release")

    def test_refused_by_the_server_it_waits_and_says_why(self) -> None:
        server, loop = self.loop("")
        server.claim = lambda: self.refuse()  # type: ignore[method-assign]
        threading.Timer(0.3, self.stop.set).start()
        loop.forever()
        good, facts = loop.status.facts()
        self.assertEqual((good, facts["problem"]), (False, "401 only the evaluator may do this"))

    def refuse(self) -> Run | None:
        raise Refused(401, "401 only the evaluator may do this")


@unittest.skipUnless(sys.platform == "linux" and os.geteuid() == 0, "two processes of one plain user, made by root")
class GuardTest(unittest.TestCase):
    # A change of user closes a process by itself; opened again, it is like one that was started by that user.
    PLAIN = "import ctypes, os, time; from evaluator.__main__ import guard; os.setuid(65534); ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"

    def start(self, code: str) -> subprocess.Popen[bytes]:
        env = {"PATH": os.defpath, "PYTHONPATH": str(PACKAGE), "EVALUATOR_KEY": "ccek_secret", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen([sys.executable, "-c", self.PLAIN + code], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def read_by_neighbour(self, guarded: bool) -> str:
        with self.start(f"{'guard()' if guarded else 'pass'}\nprint('up', flush=True)\ntime.sleep(60)") as holder:
            assert holder.stdout is not None
            self.assertEqual(holder.stdout.readline(), b"up\n")
            with self.start(f"print(open('/proc/{holder.pid}/environ').read())") as reader:
                said = reader.communicate()[0].decode()
            holder.kill()
            return said

    def test_a_program_of_the_same_user_reads_no_secret(self) -> None:
        self.assertIn("ccek_secret", self.read_by_neighbour(guarded=False))
        said = self.read_by_neighbour(guarded=True)
        self.assertNotIn("ccek_secret", said)
        self.assertIn("PermissionError", said)


if __name__ == "__main__":
    unittest.main()
