"""Models of the Hub: nothing starts from a branch, and what is fetched answers offline under its plain name."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HARNESS), str(HARNESS / "model")]

import hub_engine  # noqa: E402
from collab_harness.client import Answer  # noqa: E402
from collab_harness.faults import HarnessFault, SubmissionFault  # noqa: E402
from collab_harness.preflight import preflight  # noqa: E402
from hub_engine import Done, HubEngine, HubVocabulary, pinned  # noqa: E402

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FULL: dict[str, Any] = json.loads((HARNESS / "profiles" / "full.json").read_text(encoding="utf-8"))
ORIGINAL = FULL["model"]["id"]
MANIFEST = {"model_id": ORIGINAL, "served_model_name": "m", "port": 8000, "serve": ["python3", "serve.py"]}


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.harness, self.submission = Path(folder.name, "harness"), Path(folder.name, "submission")
        self.work = Path(folder.name, "work")
        for each in (self.harness, self.submission, self.work):
            each.mkdir()
        (self.submission / "serve.py").write_text("")

    def pins(self, revision: str) -> None:
        (self.harness / "pins.json").write_text(json.dumps({"models": {ORIGINAL: {"revision": revision}}}))

    def manifest(self, **more: object) -> None:
        (self.submission / "manifest.json").write_text(json.dumps(MANIFEST | more))


class Pins(Folders):
    def test_a_branch_is_no_pin(self) -> None:
        for revision in ("main", "", COMMIT[:39], COMMIT.upper()):
            self.pins(revision)
            with self.assertRaisesRegex(HarnessFault, "not pinned"):
                pinned(self.harness, ORIGINAL)
        self.pins(COMMIT)
        self.assertEqual(pinned(self.harness, ORIGINAL), COMMIT)

    def test_without_pins_nothing_is_fetched(self) -> None:
        self.manifest()
        with self.assertRaisesRegex(HarnessFault, "eval prepare"):
            HubEngine(self.harness, FULL).fetch(self.work, [self.submission])
        self.assertEqual(list(self.work.iterdir()), [])


class Models(Folders):
    def problems(self) -> list[str]:
        self.pins(COMMIT)
        rules = json.loads((HARNESS / "preflight.json").read_text(encoding="utf-8"))
        return preflight(self.submission, rules) or HubEngine(self.harness, FULL).problems(self.submission)

    def test_the_original_and_own_weights_need_no_revision(self) -> None:
        self.manifest()
        self.assertEqual(self.problems(), [])
        (self.submission / "weights").mkdir()
        self.manifest(model_id="weights")
        self.assertEqual(self.problems(), [])

    def test_another_model_of_the_hub_needs_a_commit(self) -> None:
        self.manifest(model_id="acme/quantized")
        self.assertRegex(self.problems()[0], "acme/quantized needs model_revision")
        self.manifest(model_id="acme/quantized", model_revision="main")
        self.assertRegex(self.problems()[0], "model_revision: does not match")
        self.manifest(model_id="acme/quantized", model_revision=COMMIT)
        self.assertEqual(self.problems(), [])

    def test_what_cannot_be_fetched_is_the_fault_of_whom_it_belongs_to(self) -> None:
        self.pins(COMMIT)
        original = hub_engine._run
        self.addCleanup(setattr, hub_engine, "_run", original)
        asked: list[list[str]] = []

        ends = {"gone": Done(hub_engine._NOT_THERE, "no such model"), "down": Done(1, "503"), "slow": Done(None, "not done after 600 s")}

        def run(command: list[str], timeout_s: float) -> Done:
            asked.append(command[3:5])
            return Done(0, None, f"{self.work}/x\n") if command[3] == ORIGINAL else ends[command[3].split("/")[1]]

        hub_engine._run = run
        for name, fault, words in (
            ("gone", SubmissionFault, "submission: no such model"),
            ("down", HarnessFault, "submission: 503"),
            ("slow", HarnessFault, "submission: not done"),
        ):
            self.manifest(model_id=f"acme/{name}", model_revision=COMMIT)
            with self.assertRaisesRegex(fault, words):
                HubEngine(self.harness, FULL).fetch(self.work, [self.submission])
        self.assertEqual(asked[:2], [[ORIGINAL, COMMIT], ["acme/gone", COMMIT]])
        hub_engine._run = lambda *words: Done(hub_engine._NOT_THERE, "no such model")
        with self.assertRaisesRegex(HarnessFault, "no such model"):
            HubEngine(self.harness, FULL).fetch(self.work, [self.submission])


class Dependencies(Folders):
    def test_wheels_alone_for_a_source_package_runs_code_before_anything_is_isolated(self) -> None:
        original = hub_engine._run
        self.addCleanup(setattr, hub_engine, "_run", original)
        ran: list[list[str]] = []
        hub_engine._run = lambda command, timeout_s: ran.append(command) or Done(0, None)  # type: ignore[func-returns-value]
        self.manifest(dependencies=["colorama==0.4.6"])
        HubEngine(self.harness, FULL).install(self.work, [self.submission])
        self.assertEqual(ran[-1][-3:], ["--only-binary", ":all:", "colorama==0.4.6"])

    def test_an_index_that_has_nothing_at_all_is_nobodys_fault(self) -> None:
        original = hub_engine._run
        self.addCleanup(setattr, hub_engine, "_run", original)
        self.manifest(dependencies=["colorama==0.4.6"])
        no_such, well = Done(1, "No matching distribution found"), Done(0, None)
        for install, control, fault in (
            (no_such, well, SubmissionFault),
            (no_such, no_such, HarnessFault),
            (Done(None, "not done after 600 s"), well, HarnessFault),
        ):
            ends, ran = iter([well, install, well, control]), []
            hub_engine._run = lambda command, timeout_s: ran.append(command) or next(ends)  # noqa: B023
            with self.assertRaisesRegex(fault, "install: submission: "):
                HubEngine(self.harness, FULL).install(self.work, [self.submission])
            after = [word for command in ran[2:] for word in command]
            self.assertFalse([word for word in after if "venv-submission" in word], "code of the submission would run")


class Bytes:
    """A tokenizer with one token per byte, as far as HubVocabulary uses one."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        return list(text.encode())

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return bytes(ids).decode("utf-8", "replace")


class Vocabulary(unittest.TestCase):
    def setUp(self) -> None:
        self.vocabulary = HubVocabulary.__new__(HubVocabulary)
        self.vocabulary._tokenizer = Bytes()

    def test_a_character_cut_in_two_may_be_missing(self) -> None:
        cut = list("aé".encode())[:-1]
        for text in ("a", "a\ufffd"):
            self.assertTrue(self.vocabulary.spells(Answer(text, cut, 0, 0)))

    def test_text_that_no_token_stands_for_is_not_counted(self) -> None:
        padded = Answer("ab" + "\ufffd" * 500, [97, 98], 0, 0)
        self.assertEqual(self.vocabulary.count(padded), 2)


class Environment(Folders):
    def test_servers_are_offline_and_talk_over_loopback(self) -> None:
        env = HubEngine(self.harness, FULL).environment(self.work)
        self.assertEqual((env["HF_HUB_OFFLINE"], env["TRANSFORMERS_OFFLINE"], env["VLLM_HOST_IP"]), ("1", "1", "127.0.0.1"))


if __name__ == "__main__":
    unittest.main()
