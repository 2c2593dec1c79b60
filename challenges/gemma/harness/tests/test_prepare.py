"""Private data: reproducible from its seed, never public, and made over the same protocol for the real models."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HARNESS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HARNESS), str(HARNESS / "model")]

import prepare  # noqa: E402
import prepare_full  # noqa: E402
from collab_harness.audit import Audit, Estimate  # noqa: E402
from collab_harness.client import Client  # noqa: E402
from collab_harness.faults import HarnessFault  # noqa: E402
from collab_harness.speed import latency  # noqa: E402

PUBLIC = set(json.loads((HARNESS / "data" / "prompts.json").read_text(encoding="utf-8")))


class Rehearsal(unittest.TestCase):
    def test_the_same_seed_makes_the_same_bytes(self) -> None:
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            for folder in (a, b):
                prepare.write(Path(folder), "seed", 40)
            for name in ("prompts.json", "references.json", "prepared.json"):
                self.assertEqual(Path(a, name).read_bytes(), Path(b, name).read_bytes())

    def test_another_seed_makes_other_prompts_and_none_is_public(self) -> None:
        first, second = prepare.private_prompts("1", 320), prepare.private_prompts("2", 320)
        self.assertFalse(set(first) & set(second))
        self.assertFalse(PUBLIC & set(first))

    def test_nobody_can_prepare_for_all_that_may_be_asked(self) -> None:
        openings = set(prepare.sentences(json.loads((HARNESS / "data" / "prompt_parts.json").read_text(encoding="utf-8"))))
        prompts = prepare.private_prompts("1", 320)
        self.assertFalse(openings & set(prompts))
        known = prepare.prepare_exam.words((HARNESS / "data" / "corpus.txt").read_text(encoding="utf-8"))
        self.assertGreater(len(openings) * len(known) ** prepare.WORDS, 10**9)

    def test_the_pool_is_ten_times_what_a_run_draws(self) -> None:
        profile = json.loads((HARNESS / "profiles" / "rehearsal.json").read_text())
        self.assertGreaterEqual(prepare.POOL, 10 * profile["passes"] * profile["prompts_per_pass"])


class Full(unittest.TestCase):
    """The same requests, answered by the tiny model in the place of the real ones."""

    def setUp(self) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        env = {"MODEL_DIR": str(HARNESS / "model"), "HOST": "127.0.0.1", "PORT": str(self.port), "PATH": os.defpath}
        self.server = subprocess.Popen([sys.executable, str(HARNESS / "reference" / "serve.py")], env=env)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        client = Client(self.port, "m", 5)
        end = time.monotonic() + 20
        while not client.ready() and time.monotonic() < end:
            time.sleep(0.05)
        client.close()

    def test_a_streamed_answer_arrives_token_by_token(self) -> None:
        client = Client(self.port, "m", 5)
        streamed = client.stream("In the morning the keeper", 12)
        whole = client.chat("In the morning the keeper", 12)
        client.close()
        self.assertEqual((len(streamed.arrived), len(whole.ids)), (12, 12))
        found = latency([streamed])
        self.assertGreater(found.first_token, 0)
        self.assertAlmostEqual((found.decode_rate or 0) * found.between_tokens, 1)

    def test_prompts_references_and_pool(self) -> None:
        prompts = prepare.private_prompts("x", 320)
        raw = [{"conversations": [{"from": "human", "value": p}, {"from": "gpt", "value": ""}]} for p in prompts + prompts[:3]]
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            (at / "sharegpt.json").write_text(json.dumps(raw))
            done = subprocess.run([sys.executable, "-c", PREPARE, str(HARNESS), folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            public = json.loads((at / "public/prompts.json").read_text())
            private = json.loads((at / "private/prompts.json").read_text())
            references = json.loads((at / "private/references.json").read_text())
            about = json.loads((at / "private/prepared.json").read_text())
        self.assertEqual((len(public), len(private)), (32, 288))
        self.assertEqual(sorted(public + private), sorted(prompts))
        self.assertEqual([len(r["token_ids"]) for r in references], [32] * prepare_full.REFERENCES)
        self.assertEqual((about["agreement"]["top1"], about["agreement"]["nll_gap"]), (1, 0))
        self.assertEqual(set(about["files"]), {"prompts.json", "ppl_records.json", "references.json"})

    def test_limits_that_refuse_the_original_itself_are_refused(self) -> None:
        gates = [{"id": "audit_top1", "op": ">=", "limit": 0.97}, {"id": "audit_nll_gap", "op": "<=", "limit": 0.02}]

        def room(top1: float, gap: float) -> dict[str, float]:
            return prepare_full.room(gates, Audit(Estimate(top1, 0.001, 8192), Estimate(gap, 0.0005, 8192)), 2)

        # 2.8782 = normal quantile of 1 - 0.01 / 5.
        self.assertAlmostEqual(room(0.985, 0.001)["audit_top1"], 0.985 - 2.8782 * 0.001 * 1.5**0.5, places=6)
        with self.assertRaisesRegex(HarnessFault, "audit_top1: the limit 0.97 refuses honest runs here; >= 0.9675"):
            room(0.971, 0.001)
        with self.assertRaisesRegex(HarnessFault, "audit_nll_gap"):
            room(0.985, 0.019)

    def test_a_pool_that_is_too_small_is_refused(self) -> None:
        profile = {"passes": 3, "prompts_per_pass": 8}
        with self.assertRaisesRegex(HarnessFault, "240 are needed"):
            prepare_full.split(prepare.private_prompts("x", 200), "1", profile)
        self.assertEqual(len(prepare_full.split(prepare.private_prompts("x", 300), "1", profile)[1]), 270)


# In a process of its own, because it closes the network. The tiny model decodes greedily alone.
PREPARE = """
import sys
from pathlib import Path
harness, at = map(Path, sys.argv[1:])
sys.path[:0] = [str(harness), str(harness / "model")]
import prepare_full
plain = prepare_full.load_profile
models = {"reference": "reference", "author": {"id": "tiny-lm"}, "model": {"id": "tiny-lm"}}
prepare_full.load_profile = lambda folder, name: plain(folder, name) | models
prepare_full.SAMPLING = {"temperature": 0}
prepare_full.make("rehearsal", at / "sharegpt.json", at / "private", at / "public", "seed")
"""


if __name__ == "__main__":
    unittest.main()
