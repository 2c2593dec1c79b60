"""Reading answers, pairing them, and what a number of questions can resolve."""

from __future__ import annotations

import random
import unittest

from collab_harness.multiple_choice import Question, answers, extract, not_inferior, pair
from collab_harness.stats import Paired

QUESTION = Question("q1", "Which is a colour?", ("seven", "blue", "run"), "B")


class Reading(unittest.TestCase):
    def test_only_the_pinned_form_is_an_answer(self) -> None:
        table = [
            ("ANSWER: B", "B"), ("so... answer: b", "B"), ("ANSWER: A\nno, wait\nANSWER: C", "C"), ("**ANSWER: (B)**", "B"),
            ("ANSWER: **B**", "B"), ("It is B.", None), ("", None), ("ANSWER: D", None), ("ANSWER: Blue", None),
        ]  # fmt: skip
        for text, letter in table:
            self.assertEqual(extract(text, 3), letter, text)

    def test_the_prompt_names_every_option(self) -> None:
        prompt = QUESTION.prompt()
        self.assertIn("A,B,C", prompt)
        self.assertIn("B) blue", prompt)

    def test_answers_by_id(self) -> None:
        self.assertEqual(answers([QUESTION], lambda prompt: "ANSWER: B"), {"q1": True})
        self.assertEqual(answers([QUESTION], lambda prompt: "B"), {"q1": False})


class Pairing(unittest.TestCase):
    def test_only_changed_answers_count(self) -> None:
        before = {"a": True, "b": True, "c": False, "d": False}
        now = {"a": True, "b": False, "c": True, "d": False}
        self.assertEqual(pair(before, now), Paired(lost=1, won=1, n=4))

    def test_missing_questions_are_an_error(self) -> None:
        with self.assertRaises(ValueError):
            pair({"a": True}, {"a": True, "b": True})

    def test_the_published_losses_are_seen_and_198_questions_resolve_no_small_one(self) -> None:
        forty_points = not_inferior(Paired(lost=66, won=6, n=150), margin=0.05, alpha=0.002)
        self.assertFalse(forty_points.holds)
        small = not_inferior(Paired(lost=16, won=14, n=198), margin=0.02, alpha=0.05)
        self.assertFalse(small.holds)
        self.assertGreater(small.needed, 3000)

    def test_an_honest_copy_with_numeric_noise_passes(self) -> None:
        rng = random.Random(9)
        held = 0
        for _ in range(300):
            lost = sum(rng.random() < 0.02 for _ in range(3000))
            won = sum(rng.random() < 0.02 for _ in range(3000))
            held += not_inferior(Paired(lost, won, 3000), margin=0.02, alpha=0.002).holds
        self.assertGreater(held / 300, 0.99)


if __name__ == "__main__":
    unittest.main()
