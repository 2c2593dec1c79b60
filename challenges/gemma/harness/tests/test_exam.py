"""What the exam is made of: published questions with the licence their card names, and the tiny model's own sentences."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

HARNESS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HARNESS), str(HARNESS / "model")]

import prepare_exam as pe  # noqa: E402
from collab_harness.downstream import read_exam  # noqa: E402
from collab_harness.faults import HarnessFault  # noqa: E402


class Copies(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.mmlu, self.gpqa = Path(folder.name, "mmlu"), Path(folder.name, "gpqa")
        (self.mmlu / "data").mkdir(parents=True)
        self.gpqa.mkdir()
        (self.mmlu / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
        rows = [{"question": f"Which? {i}", "options": ["w", "x", "y", "z"], "answer_index": i % 4} for i in range(40)]
        (self.mmlu / "data" / "test-0.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (self.gpqa / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
        (self.gpqa / "gpqa_diamond.csv").write_text(
            "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\n\"What, now?\",right,a,b,c\n"
        )

    def exam(self) -> dict[str, object]:
        def knows(prompt: str, tokens: int) -> str:
            """Right on GPQA, always A elsewhere."""
            found = re.search(r"^([A-J])\) right$", prompt, re.MULTILINE)
            return f"Hm.\nANSWER: {found.group(1) if found else 'A'}"

        return pe.letters_exam({"mmlu-pro": self.mmlu, "gpqa": self.gpqa}, "seed", knows)

    def test_items_are_lettered_mixed_and_answered_by_the_original(self) -> None:
        exam = read_exam(made := self.exam())
        self.assertEqual((len(exam.items), exam.gated), (41, ("mmlu_pro",)))
        self.assertTrue(exam.baseline["gpqa_diamond-0"])
        for item in exam.items:
            chosen = item.options["ABCDEFGHIJ".index(item.answer)]
            self.assertIn(f"{item.answer}) {chosen}", item.prompt)
        self.assertGreater(len({item.answer for item in exam.items}), 2)
        self.assertEqual(made, self.exam())

    def test_a_copy_with_another_licence_is_refused(self) -> None:
        for card in ("---\nlicense: cc-by-nc-4.0\n---\n", "# no head\nlicense: mit is what I think\n", ""):
            (self.mmlu / "README.md").write_text(card)
            with self.subTest(card), self.assertRaisesRegex(HarnessFault, "licence"):
                self.exam()

    def test_a_copy_without_its_questions_is_refused(self) -> None:
        (self.mmlu / "data" / "test-0.jsonl").unlink()
        with self.assertRaisesRegex(HarnessFault, "neither"):
            self.exam()

    def test_a_table_that_nothing_here_can_read_says_what_to_do(self) -> None:
        (self.mmlu / "data" / "test-0.jsonl").rename(self.mmlu / "data" / "test-0.parquet")
        sys.modules["pyarrow"] = None  # type: ignore[assignment]
        self.addCleanup(sys.modules.pop, "pyarrow")
        with self.assertRaisesRegex(HarnessFault, "turn it into test-0.jsonl"):
            self.exam()


class Tiny(unittest.TestCase):
    def test_same_seed_same_items_each_with_one_right_word(self) -> None:
        made = pe.tiny_exam(HARNESS, "a", lambda prompt, tokens: "")
        self.assertEqual(made, pe.tiny_exam(HARNESS, "a", lambda prompt, tokens: ""))
        exam = read_exam(made)
        self.assertEqual(len(exam.items), pe.TINY_ITEMS)
        for item in exam.items:
            self.assertEqual((len(set(item.options)), item.options.count(item.answer)), (pe.CHOICES, 1))
            self.assertGreaterEqual(item.prompt.count(" "), 3)


if __name__ == "__main__":
    unittest.main()
