"""What a program can do behind the layers that hold on this machine. Each probe is a program that tries one thing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LIBRARY))

from collab_harness import isolation  # noqa: E402
from collab_harness.faults import HarnessFault  # noqa: E402
from collab_harness.removal import remove, remove_owned  # noqa: E402

# Runs in a process of its own, because closing the network cannot be undone.
DRIVER = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from collab_harness import isolation
from collab_harness.limits import Limits
from collab_harness.process import Program, Running

def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""

secret = Path(sys.argv[3])
layers = isolation.enter()
with isolation.work_folder() as work:
    (work / "home").mkdir(mode=0o755)
    name = f"probe-{os.getpid()}.py"
    probe = work / "home" / name
    probe.write_text(sys.argv[2])
    probe.chmod(0o444)
    program = Program(argv=["python3", name], folder=work / "home", scratch=work / "scratch",
                      env={"SECRET": str(secret), "HARNESS": str(os.getpid()), **json.loads(sys.stdin.read())}, connect_ports=[])
    running = Running(program, layers, Limits(memory_bytes=256 << 20, processes=32, disk_bytes=32 << 20))
    running.ended_within(20)
    running.stop()
    print(json.dumps({"said": bytes(running.log).decode(), "code": running.exit_code,
                      "left": sum(name.encode() in read(p) for p in Path("/proc").glob("[0-9]*/cmdline")),
                      "exceeded": running.exceeded, "layers": layers.holding}))
"""


def probe(code: str, secret: Path, env: dict[str, str] | None = None) -> dict[str, object]:
    """What the probe printed, and which layers held."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(LIBRARY), textwrap.dedent(code), str(secret)],
        input=json.dumps(env or {}), capture_output=True, text=True, timeout=60, check=False, env={"PATH": os.environ.get("PATH", ""), "HF_TOKEN": "hf_secret"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


class Behind(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.secret = Path(folder.name, "secret")
        self.secret.write_text("private")

    def run_probe(self, code: str, *layers: str, env: dict[str, str] | None = None) -> str:
        """Skipped, with the reason, only where none of the layers that have to stop it exists."""
        found = probe(code, self.secret, env)
        if layers and not set(layers) & set(found["layers"]):  # type: ignore[arg-type]
            self.skipTest(f"none of {', '.join(layers)} holds here")
        return str(found["said"]).strip()

    def test_it_starts_with_a_clean_environment(self) -> None:
        said = self.run_probe("import os; print(sorted(os.environ))")
        self.assertNotIn("HF_TOKEN", said)
        self.assertIn("HF_HUB_OFFLINE", said)

    def test_it_cannot_read_outside_its_folder(self) -> None:
        code = """
            import os
            try:
                print(open(os.environ["SECRET"]).read())
            except OSError as error:
                print("refused", error.errno)
        """
        self.assertTrue(self.run_probe(code, "landlock").startswith("refused"))

    def test_it_cannot_write_into_its_own_folder(self) -> None:
        code = """
            try:
                open(__file__, "a").write("x")
                print("written")
            except OSError:
                print("refused")
        """
        self.assertEqual(self.run_probe(code, "landlock", "unprivileged_user"), "refused")

    def test_it_can_write_into_its_scratch_folder(self) -> None:
        self.assertEqual(self.run_probe("import os; open(os.environ['HOME'] + '/x', 'w').write('x'); print('ok')"), "ok")

    def test_it_cannot_signal_the_harness(self) -> None:
        code = """
            import os
            try:
                os.kill(int(os.environ["HARNESS"]), 0)
                print("reached")
            except OSError:
                print("refused")
        """
        self.assertEqual(self.run_probe(code, "pid_namespace", "landlock"), "refused")

    def test_it_reaches_no_network(self) -> None:
        code = """
            import socket
            try:
                socket.create_connection(("192.0.2.1", 9), timeout=1)
                print("reached")
            except OSError as error:
                print("refused", type(error).__name__)
        """
        said = self.run_probe(code, "network_namespace", "landlock")
        self.assertTrue(said.startswith("refused") and "Timeout" not in said, said)

    def test_it_cannot_become_somebody_else(self) -> None:
        code = """
            import ctypes
            print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), open("/proc/self/status").read().split("CapBnd:")[1].split()[0])
        """
        said = self.run_probe(code, "no_new_privileges").split()
        self.assertEqual(said[0], "1")
        if os.geteuid() == 0:
            self.assertEqual(int(said[1], 16), 0)

    def test_what_it_leaves_behind_is_ended(self) -> None:
        code = """
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(300)
                os._exit(0)
            print("left", flush=True)
        """
        found = probe(code, self.secret)
        self.assertEqual((str(found["said"]).strip(), found["left"]), ("left", 0))

    def test_what_it_leaves_in_shared_memory_is_gone(self) -> None:
        code = """
            import ctypes
            libc = ctypes.CDLL(None)
            print("found" if libc.shmget(0x636F6C6C, 64, 0o666) >= 0 else "nothing", libc.shmget(0x636F6C6C, 64, 0o1666) >= 0)
        """
        for _ in range(2):
            self.assertEqual(self.run_probe(code, "ipc_namespace"), "nothing True")

    def test_shared_memory_has_a_limit(self) -> None:
        code = """
            import ctypes
            libc = ctypes.CDLL(None)
            print(sum(libc.shmget(0, 100 << 20, 0o1666) >= 0 for _ in range(8)))
        """
        if os.geteuid() != 0:
            self.skipTest("the limit is root's to set")
        self.assertEqual(self.run_probe(code, "ipc_namespace"), "2")

    def test_folders_without_end_are_its_own_fault_and_are_removed(self) -> None:
        code = """
            import os, time
            here = os.open(os.environ["HOME"], os.O_RDONLY)
            for _ in range(2000):
                os.mkdir("d", dir_fd=here)
                here, before = os.open("d", os.O_RDONLY, dir_fd=here), here
                os.close(before)
            time.sleep(20)
        """
        found = probe(code, self.secret)
        self.assertIn("nested deeper", str(found["exceeded"]))

    def test_more_settings_than_a_command_line_holds(self) -> None:
        said = self.run_probe("import os; print(len(os.environ['LONG']))", env={"LONG": "x" * 100_000, "LONGER": "y" * 100_000})
        self.assertEqual(said, "100000")

    def test_limits_end_it(self) -> None:
        for code, what in [
            ("x = []\nwhile True: x.append(bytearray(b'1') * (8 << 20))", "memory"),
            ("import os, time\nf = open(os.environ['HOME'] + '/x', 'wb')\nos.unlink(f.name)\nfor _ in range(31): f.write(bytes(1 << 20))\n"
             "m = os.memfd_create('m')\nfor _ in range(8): os.write(m, bytes(1 << 20))\nf.flush(); time.sleep(20)", "disk"),
            ("import os, time\nfor _ in range(60):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)", "processes"),
        ]:
            found = probe(code, self.secret)
            self.assertTrue(what in str(found["exceeded"]) or "unprivileged_user" in found["layers"], found)  # type: ignore[operator]


class Strict(unittest.TestCase):
    """In a process of its own, for entering the layers is for good."""

    def strict(self, gone: str) -> str:
        """What becomes of a program when the layer `gone` cannot be had on this machine."""
        code = f"""
            import sys, pathlib, tempfile
            sys.path.insert(0, {str(LIBRARY)!r})
            from collab_harness import isolation, linux
            from collab_harness.faults import HarnessFault
            from collab_harness.limits import Limits
            from collab_harness.process import Program, Running
            isolation.LAYERS = tuple(layer for layer in isolation.LAYERS if layer != {gone!r})
            layers = isolation.enter()
            work = pathlib.Path(tempfile.mkdtemp())
            try:
                running = Running(Program(["python3", "-c", ""], work, work / "s", {{}}, connect_ports=[]), layers, Limits(), layers.required())
                print("started", running.ended_within(30) and running.exit_code)
                running.stop()
            except HarnessFault as fault:
                print("refused:", fault)
        """
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test_a_missing_layer_is_the_machines_fault_and_nothing_is_started(self) -> None:
        for layer in ("network_namespace", "landlock", "pid_namespace", "ipc_namespace"):
            with self.subTest(layer):
                self.assertRegex(self.strict(layer), "refused: .*not asked for")

    def test_with_every_layer_it_starts(self) -> None:
        said = self.strict("none")
        if said.startswith("refused"):
            self.skipTest(said)
        self.assertEqual(said, "started 0")


class Removed(unittest.TestCase):
    def test_whatever_is_in_a_folder_goes_and_nothing_outside(self) -> None:
        with tempfile.TemporaryDirectory() as outside:
            folder, kept = Path(outside, "folder"), Path(outside, "kept")
            kept.write_text("kept")
            (folder / "closed" / "in").mkdir(parents=True)
            (folder / "link").symlink_to(outside)
            (folder / "closed").chmod(0)
            here = os.open(folder, os.O_RDONLY)
            for _ in range(1500):
                os.mkdir("d", dir_fd=here)
                here, before = os.open("d", os.O_RDONLY, dir_fd=here), here
                os.close(before)
            os.close(here)
            remove(folder)
            remove(folder)
            self.assertEqual(os.listdir(outside), ["kept"])


    def test_in_a_shared_folder_only_what_one_user_left(self) -> None:
        with tempfile.TemporaryDirectory() as shared:
            Path(shared, "file").write_text("")
            Path(shared, "folder", "in").mkdir(parents=True)
            remove_owned(Path(shared), os.getuid() + 1)
            self.assertEqual(sorted(os.listdir(shared)), ["file", "folder"])
            remove_owned(Path(shared), os.getuid())
            self.assertEqual(os.listdir(shared), [])


# Two programs after one another, each with a home of its own below one that is not there yet, and one log.
TWO = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
os.umask(0o077)
from collab_harness import isolation
from collab_harness.limits import Limits
from collab_harness.process import Program, Running
layers = isolation.enter()
with isolation.work_folder() as work:
    for name in ("a", "b"):
        argv = ["sh", "-c", "echo in-$HOME > $HOME/file && printf %0100d 7"]
        running = Running(Program(argv, Path("/usr"), work / "homes" / name, {}), layers, Limits(output_bytes=150))
        assert running.ended_within(20) and running.exit_code == 0, running.death()
        running.stop()
        running.keep_log(work / "log")
    print((work / "log").stat().st_size, sorted(os.listdir(work / "homes")))
"""


class Kept(unittest.TestCase):
    def test_what_programs_printed_is_kept_within_the_limit_of_one(self) -> None:
        done = subprocess.run([sys.executable, "-c", TWO, str(LIBRARY)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, "150 []\n", done.stderr)


class KeptOut(unittest.TestCase):
    def test_a_challenge_below_what_everybody_reads_is_refused(self) -> None:
        for folder in ("/opt/challenge/private", "/usr/src/challenge", "/etc", sys.base_prefix + "/challenge"):
            with self.subTest(folder), self.assertRaisesRegex(HarnessFault, "every submission may read"):
                isolation.keep_out([LIBRARY, Path(folder)])
        isolation.keep_out([LIBRARY, Path("/state"), Path("/private"), Path("/optional")])


if __name__ == "__main__":
    unittest.main()
