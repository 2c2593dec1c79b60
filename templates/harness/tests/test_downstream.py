"""The exam: reading answers, pairing them, and where the gate's bound lies."""

from __future__ import annotations

import unittest

from collab_harness import downstream as ds
from collab_harness.faults import HarnessFault
from collab_harness.stats import Paired, non_inferiority_z, normal_quantile
from collab_harness.summary import judge


def exam(n: int, right: int, extra: int = 0) -> dict[str, object]:
    """n gated items, of which the original knows the first `right`, and `extra` that are only reported."""
    items = [{"id": f"q{i}", "set": "main" if i < n else "reported", "prompt": f"p{i}", "options": ["yes", "no"], "answer": "yes"} for i in range(n + extra)]
    baseline = {f"q{i}": i < right for i in range(n + extra)}
    return {"form": "cloze", "max_tokens": 3, "gated": ["main"], "items": items, "baseline": baseline}


class Reading(unittest.TestCase):
    def test_the_option_that_is_said_first(self) -> None:
        table = [
            (" winter, and the garden", "winter"), ("the garden of winter", "garden"), ("winters", None), ("", None),
            ("Winter", None), ("(garden)", "garden"),
        ]  # fmt: skip
        for text, expected in table:
            self.assertEqual(ds.cloze(text, ["garden", "winter"]), expected, text)

    def test_letters_in_the_pinned_form_alone(self) -> None:
        self.assertEqual(ds.letter("so\nANSWER: B", ["x", "y"]), "B")
        self.assertIsNone(ds.letter("ANSWER: C", ["x", "y"]))

    def test_a_broken_exam_is_the_organizers_fault(self) -> None:
        good = exam(3, 2)
        for broken in ({}, [], None, good | {"form": "essay"}, good | {"baseline": {"q0": True}}, good | {"items": []}):
            with self.subTest(broken), self.assertRaises(HarnessFault):
                ds.read_exam(broken)


class Judging(unittest.TestCase):
    gate = {"id": "downstream", "op": ">=", "limit": -0.05}

    def verdict(self, right_now: int, n: int = 500, right: int = 400) -> bool:
        found = ds.read_exam(exam(n, right))
        now = {f"q{i}": i < right_now for i in range(n)}
        return bool(judge(self.gate, ds.gate_value(found, now))["pass"])

    def test_equal_answers_pass_and_a_small_loss_can_be_told(self) -> None:
        self.assertTrue(self.verdict(400))
        self.assertTrue(self.verdict(410))
        self.assertTrue(self.verdict(390))
        self.assertFalse(self.verdict(375))
        self.assertFalse(self.verdict(200))

    def test_the_bound_is_the_margin_at_which_the_score_test_turns(self) -> None:
        for pairs in (Paired(12, 5, 200), Paired(0, 0, 120), Paired(40, 2, 150), Paired(3, 9, 60)):
            bound = ds.lower_bound(pairs, 0.95)
            z = normal_quantile(0.95)
            self.assertGreaterEqual(non_inferiority_z(pairs, -bound + 1e-6), z)
            if bound < -1e-6:
                self.assertLess(non_inferiority_z(pairs, -bound - 1e-6), z)

    def test_clearly_better_is_at_least_as_good(self) -> None:
        self.assertEqual(ds.lower_bound(Paired(0, 60, 200), 0.95), 0.0)

    def test_sets_that_are_not_gated_decide_nothing_and_are_shown(self) -> None:
        found = ds.read_exam(exam(500, 400, extra=198))
        now = {item.id: item.set == "main" and found.baseline[item.id] for item in found.items}
        self.assertTrue(judge(self.gate, ds.gate_value(found, now))["pass"])
        shown = ds.report(found, now, 0.05)
        self.assertEqual((shown["sets"]["reported"]["gated"], shown["sets"]["reported"]["accuracy"]), (False, 0.0))
        self.assertEqual(shown["sets"]["main"]["lost"], 0)

    def test_the_power_table_says_when_honest_noise_would_be_refused(self) -> None:
        rows = ds.power_table(ds.read_exam(exam(500, 400)), 0.05)
        self.assertGreater(rows[1]["power"], 0.998)
        self.assertLess(rows[3]["power"], 0.9)
        self.assertGreater(rows[3]["needed"], 500)

    def test_the_second_part_is_asked_only_when_the_first_does_not_pass(self) -> None:
        found = ds.read_exam(exam(4, 4, extra=1) | {"first": 2})
        for passes, expected in ((True, ["p4", "p0", "p1"]), (False, ["p4", "p0", "p1", "p2", "p3"])):
            asked: list[str] = []
            seen: list[int] = []
            now = ds.sit(found, lambda prompt, tokens: asked.append(prompt) or " yes", lambda now: seen.append(len(now)) or passes)  # type: ignore[func-returns-value]
            self.assertEqual((asked, list(now.values()), seen), (expected, [True] * len(expected), [3]))
            self.assertEqual(ds.report(found, now, 0.05)["sets"]["main"]["items"], len(expected) - 1)

    def test_looks_and_lost_exams_share_one_chance_of_error(self) -> None:
        once, twice = ds.read_exam(exam(4, 4)), ds.read_exam(exam(4, 4) | {"first": 2})
        self.assertEqual([once.confidence(), twice.confidence(), twice.confidence(1)], [0.95, 0.975, 0.9875])
        self.assertLessEqual(sum(2 * (1 - twice.confidence(lost)) for lost in range(50)), 2 * ds.ALPHA)

    def test_who_lost_before_needs_more(self) -> None:
        found = ds.read_exam(exam(500, 400))
        now = {f"q{i}": i < 386 for i in range(500)}
        gated = [bool(judge(self.gate, ds.gate_value(found, now, lost))["pass"]) for lost in range(5)]
        self.assertEqual(gated, sorted(gated, reverse=True))
        self.assertEqual((gated[0], gated[-1]), (True, False))

    def test_every_item_is_asked_once(self) -> None:
        found = ds.read_exam(exam(4, 2))
        asked: list[str] = []

        def reply(prompt: str, tokens: int) -> str:
            asked.append(prompt)
            return " yes" if prompt != "p1" else " no"

        self.assertEqual(ds.sit(found, reply), {"q0": True, "q1": False, "q2": True, "q3": True})
        self.assertEqual(asked, ["p0", "p1", "p2", "p3"])


if __name__ == "__main__":
    unittest.main()
