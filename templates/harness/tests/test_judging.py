"""Audit, perplexity, reuse, gates: small cases that can be worked out by hand."""

from __future__ import annotations

import json
import math
import random
import tempfile
import unittest
from pathlib import Path

from collab_harness.audit import REPEAT, Emitted, audit, cluster_mean
from collab_harness.client import Answer, Json
from collab_harness.perplexity import Record, perplexity
from collab_harness.speed import Pass, Timed, choose, first_times, reuse, throughput
from collab_harness.summary import Measured, judge, write_atomic


def always(token: int, second: float = -2.0) -> object:
    """A model whose first choice is always `token`, with log p = -0.5; every other token has `second`."""

    def logprobs(ids: list[int]) -> list[Json | None]:
        first = {str(token): {"logprob": -0.5, "rank": 1}}
        return [None] + [first if t == token else first | {str(t): {"logprob": second, "rank": 2}} for t in ids[1:]]

    return logprobs


class Audit(unittest.TestCase):
    def test_the_original_itself_has_no_gap(self) -> None:
        found = audit([Emitted((1, 2), (7, 7, 7))], always(7))
        self.assertEqual((found.top1.value, found.nll_gap.value, found.top1.n), (1.0, 0.0, 3))

    def test_one_of_four_tokens_differs(self) -> None:
        found = audit([Emitted((1,), (7, 7, 3, 7))], always(7))
        self.assertEqual(found.top1.value, 0.75)
        self.assertAlmostEqual(found.nll_gap.value, 1.5 / 4)

    def test_a_tie_is_the_same_choice(self) -> None:
        self.assertEqual(audit([Emitted((1,), (3,))], always(7, second=-0.5)).top1.value, 1.0)

    def test_equal_answers_count_as_often_as_they_came(self) -> None:
        answers = [Emitted((1,), (7,))] * 3 + [Emitted((1,), (3,))]
        found = audit(answers, always(7))
        self.assertEqual((found.top1.value, found.top1.n), (0.75, 4))

    def test_what_goes_on_with_itself_proves_nothing(self) -> None:
        loop = (3, *([7] * 100))
        found = audit([Emitted((1,), loop)], always(7))
        self.assertEqual((found.top1.n, found.top1.value), (1 + REPEAT, REPEAT / (1 + REPEAT)))

    def test_a_stock_text_counts_once_and_the_way_to_it_each_time(self) -> None:
        stock = tuple(range(100, 200))
        model = dict(zip((9, *stock), stock))

        def logprobs(ids: list[int]) -> list[Json | None]:
            best = [model.get(before, 8) for before in ids[:-1]]
            own = [{str(b): {"logprob": -0.1, "rank": 1}} | ({} if b == t else {str(t): {"logprob": -4.0, "rank": 2}}) for b, t in zip(best, ids[1:])]
            return [None, *own]

        answers = [Emitted((1,), (first, 9, *stock)) for first in range(20, 40)]
        found = audit(answers, logprobs)
        self.assertEqual(found.top1.n, 102 + 19 * REPEAT)
        self.assertLess(found.top1.value, 0.9)

    def test_a_wrong_token_counts_wherever_it_stands(self) -> None:
        answers = [Emitted((1,), tuple([3] * 50))] * 2
        self.assertEqual((audit(answers, always(7)).top1.value, audit(answers, always(7)).top1.n), (0.0, 100))

    def test_prompts_are_not_judged(self) -> None:
        self.assertEqual(audit([Emitted((9, 9, 9), (7,))], always(7)).top1.n, 1)

    def test_cluster_error_is_that_of_the_cluster_means_for_equal_sizes(self) -> None:
        sums = [3.0, 5.0, 4.0, 8.0]
        found = cluster_mean([(s, 10) for s in sums])
        means = [s / 10 for s in sums]
        centre = sum(means) / 4
        self.assertAlmostEqual(found.se, math.sqrt(sum((m - centre) ** 2 for m in means) / 3 / 4))


class Perplexity(unittest.TestCase):
    def test_micro_average_over_all_tokens(self) -> None:
        found = perplexity([Record([1], [7]), Record([1], [3, 3, 3])], always(7))
        self.assertAlmostEqual(found.ppl, math.exp((0.5 + 3 * 2.0) / 4))
        self.assertEqual(found.tokens, 4)


def timed(prompts: list[str], seconds: list[float], start: float = 0.0) -> Pass:
    requests = []
    for prompt, duration in zip(prompts, seconds):
        requests.append(Timed(prompt, Answer("", [], start, start + duration)))
        start += duration
    return Pass(requests)


class Speed(unittest.TestCase):
    def test_throughput_is_end_to_end(self) -> None:
        one = timed(["a", "b"], [0.5, 1.5])
        self.assertAlmostEqual(throughput(one.requests, lambda _: 10), 10.0)

    def test_what_comes_back_adds_nothing_to_the_score(self) -> None:
        first, later = timed(list("ab"), [1.0, 1.0]), timed(list("bc"), [0.001, 1.0])
        counted = first_times([first, later])
        self.assertEqual([[r.prompt for r in requests] for requests in counted], [["a", "b"], ["c"]])
        self.assertAlmostEqual(throughput(counted[1], lambda _: 10), 10.0)

    def test_a_pass_of_nothing_else_counts_whole(self) -> None:
        first, later = timed(list("ab"), [1.0, 1.0]), timed(list("ba"), [0.5, 0.5])
        self.assertEqual([len(requests) for requests in first_times([first, later])], [2, 2])

    def test_a_remembered_answer_is_seen(self) -> None:
        first = timed(list("abcdef"), [1.0, 1.1, 0.9, 1.0, 1.05, 0.95])
        later = timed(list("abcxyz"), [0.01, 0.011, 0.009, 1.0, 1.1, 0.9])
        self.assertGreater(reuse([first, later], 0.998).lower, 1)

    def test_a_machine_that_gets_faster_is_not_blamed(self) -> None:
        first = timed(list("abcdef"), [1.0, 1.1, 0.9, 1.0, 1.05, 0.95])
        later = timed(list("abcxyz"), [0.5, 0.55, 0.45, 0.5, 0.52, 0.48])
        self.assertLess(reuse([first, later], 0.998).lower, 0.35)

    def test_honest_noise_is_rejected_at_most_at_the_level(self) -> None:
        rng = random.Random(4)
        rejected = 0
        for _ in range(3000):
            first = timed(list("abcdefgh"), [rng.lognormvariate(0, 0.3) for _ in range(8)])
            later = [timed(list("abcdstuv"), [rng.lognormvariate(0, 0.3) for _ in range(8)]) for _ in range(2)]
            rejected += reuse([first, *later], 1 - 0.002).lower > 0.35
        self.assertLessEqual(rejected / 3000, 0.002)

    def test_prompts_come_back_only_from_the_first_pass(self) -> None:
        pool = [str(i) for i in range(100)]
        chosen = choose(pool, passes=3, size=8, repeats=4, rng=random.Random(1))
        self.assertEqual([len(p) for p in chosen], [8, 8, 8])
        self.assertEqual(len(set(chosen[0])), 8)
        self.assertEqual([len(set(p) & set(chosen[0])) for p in chosen[1:]], [4, 4])

    def test_the_seed_decides(self) -> None:
        pool = [str(i) for i in range(100)]
        draw = [choose(pool, 3, 8, 4, random.Random(seed)) for seed in (1, 1, 2)]
        self.assertEqual(draw[0], draw[1])
        self.assertNotEqual(draw[0], draw[2])


class Gates(unittest.TestCase):
    def test_the_limit_itself_holds(self) -> None:
        gate = {"id": "g", "op": "<=", "limit": 0.1}
        self.assertTrue(judge(gate, Measured(0.1, 1))["pass"])
        self.assertFalse(judge(gate, Measured(0.1000001, 1))["pass"])

    def test_what_is_no_number_never_holds(self) -> None:
        for op in ("<=", ">=", "<", ">", "=="):
            found = judge({"id": "g", "op": op, "limit": 0.0}, Measured(math.nan, 0))
            self.assertEqual((found["pass"], found["value"]), (False, None))

    def test_a_summary_is_whole_or_not_there(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "summary.json")
            with self.assertRaises(ValueError):
                write_atomic(path, {"x": math.nan})
            self.assertFalse(path.exists())
            write_atomic(path, {"x": 1})
            self.assertEqual(json.loads(path.read_text()), {"x": 1})


if __name__ == "__main__":
    unittest.main()
