"""Files of a submission: what is refused, what is copied, what identifies it."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from pathlib import Path

from collab_harness.faults import SubmissionFault
from collab_harness.preflight import preflight, schema_problems
from collab_harness.removal import remove
from collab_harness.staging import content_sha256, regular_files, stage

RULES = {
    "required_files": ["manifest.json", "serve.py"], "max_files": 10, "max_bytes": 10_000,
    "json_files": [{
        "path": "manifest.json", "required_keys": ["port", "serve"],
        "properties": {
            "port": {"type": "integer", "minimum": 1024, "maximum": 65535},
            "serve": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        },
    }],
}  # fmt: skip


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name, "submission")
        self.folder.mkdir()

    def put(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Identity(Case):
    def test_the_hash_is_the_documented_one(self) -> None:
        self.put("b.txt", "two")
        self.put("a/z.txt", "one")
        lines = "".join(f"{hashlib.sha256(t.encode()).hexdigest()}  {n}\n" for n, t in [("a/z.txt", "one"), ("b.txt", "two")])
        self.assertEqual(content_sha256(self.folder), hashlib.sha256(lines.encode()).hexdigest())

    def test_paths_are_sorted_by_bytes(self) -> None:
        for name in ("b", "B", "a-b", "a/b", "ä"):
            self.put(name, name)
        self.assertEqual([e.name for e in regular_files(self.folder)], ["B", "a-b", "a/b", "b", "ä"])

    def test_a_staged_copy_is_the_same_and_read_only(self) -> None:
        self.put("x/serve.py", "pass")
        target = self.folder.parent / "copy"
        self.assertEqual(stage(self.folder, target), content_sha256(self.folder))
        self.assertEqual((target / "x/serve.py").stat().st_mode & 0o222, 0)


class Refused(Case):
    def test_links_and_pipes(self) -> None:
        os.symlink("/etc/passwd", self.folder / "weights")
        with self.assertRaises(SubmissionFault):
            regular_files(self.folder)
        (self.folder / "weights").unlink()
        os.symlink("/", self.folder / "folder")
        with self.assertRaises(SubmissionFault):
            regular_files(self.folder)
        (self.folder / "folder").unlink()
        os.mkfifo(self.folder / "pipe")
        with self.assertRaises(SubmissionFault):
            regular_files(self.folder)

    def test_names_that_forge_a_line_of_the_identity(self) -> None:
        for name in ("a\n" + "0" * 64 + "  b", "tab\t", "\x1b[2J", os.fsdecode(b"\xff\xfe"), "\u202eyp.evres"):
            with self.subTest(ascii(name)):
                self.put(name, "")
                with self.assertRaisesRegex(SubmissionFault, "plain names"):
                    regular_files(self.folder)
                (self.folder / name).unlink()

    def test_a_name_is_told_as_one_printable_line(self) -> None:
        os.symlink("/", os.fsencode(self.folder) + b"/\xff\ntps = 9")
        with self.assertRaises(SubmissionFault) as refused:
            regular_files(self.folder)
        self.assertTrue(str(refused.exception).isprintable())

    def test_folders_without_end(self) -> None:
        here = os.open(self.folder, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d", dir_fd=here)
            here, before = os.open("d", os.O_RDONLY, dir_fd=here), here
            os.close(before)
        os.close(here)
        self.addCleanup(remove, self.folder)
        with self.assertRaisesRegex(SubmissionFault, "nested deeper"):
            regular_files(self.folder)

    def test_too_many_and_too_large(self) -> None:
        self.put("large", "x" * 200)
        with self.assertRaises(SubmissionFault):
            regular_files(self.folder, max_bytes=100)
        for i in range(5):
            (self.folder / str(i)).mkdir()
        with self.assertRaises(SubmissionFault):
            regular_files(self.folder, max_files=3)


class Preflight(Case):
    def test_nothing_wrong(self) -> None:
        self.put("manifest.json", '{"port": 8000, "serve": ["python3"]}')
        self.put("serve.py", "")
        self.assertEqual(preflight(self.folder, RULES), [])

    def test_every_problem_at_once(self) -> None:
        self.put("manifest.json", '{"port": true, "serve": [], "speed": 9}')
        self.assertEqual(
            preflight(self.folder, RULES),
            [
                "serve.py: is missing",
                "manifest.json: port: must be of type integer",
                "manifest.json: serve: needs at least 1 items",
                "manifest.json: speed is not a known key (port, serve)",
            ],
        )

    def test_broken_json(self) -> None:
        self.put("serve.py", "")
        for text in ("{", "[1]", "[" * 100_000):
            self.put("manifest.json", text[:9_000])
            self.assertEqual(len(preflight(self.folder, RULES)), 1, text[:10])

    def test_what_the_next_reader_would_not_understand(self) -> None:
        good = '{"port": 8000, "serve": ["python3"]}'
        self.put("serve.py", "")
        for data in (good.encode("utf-16"), good.encode("utf-32"), b"\xef\xbb\xbf" + good.encode()):
            (self.folder / "manifest.json").write_bytes(data)
            self.assertRegex(preflight(self.folder, RULES)[0], "no valid JSON")

    def test_a_problem_is_one_printable_line(self) -> None:
        self.put("serve.py", "")
        self.put("manifest.json", '{"port": 8000, "serve": ["x"], "a\\ntps = 9": 1, "\\ud800": 1}')
        problems = preflight(self.folder, RULES)
        self.assertEqual(len(problems), 2)
        self.assertTrue(all(problem.isprintable() for problem in problems), problems)

    def test_a_rule_that_is_not_understood_is_an_error_not_a_pass(self) -> None:
        with self.assertRaises(ValueError):
            schema_problems("x", {"type": "string", "format": "uri"}, "at")


if __name__ == "__main__":
    unittest.main()
