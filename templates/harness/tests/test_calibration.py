"""Calibration from runs whose noise is known."""

from __future__ import annotations

import random
import unittest

from collab_harness.calibration import calibrate, missed, same_submission


def summary(passes: list[float], gate: float, sha: str = "a") -> dict[str, object]:
    return {
        "shown": {"passes": [{"score": score} for score in passes]},
        "gates": [{"id": "g", "value": gate, "limit": 1.0, "op": "<=", "pass": gate <= 1.0}],
        "provenance": {"submission_sha256": sha},
    }


class Calibration(unittest.TestCase):
    def test_known_noise_is_found_again(self) -> None:
        rng = random.Random(8)
        runs = []
        for _ in range(300):
            machine = rng.gauss(500, 4.86)
            runs.append(summary([rng.gauss(machine, 0.5) for _ in range(4)], rng.gauss(0.5, 0.1)))
        found = calibrate(runs)
        self.assertAlmostEqual(found["machine_sd"], 4.86, delta=0.6)
        self.assertAlmostEqual(found["pass_sd"], 0.5, delta=0.05)
        self.assertAlmostEqual(found["gates"]["g"]["sds_to_limit"], 5, delta=0.6)

    def test_few_runs_are_not_believed(self) -> None:
        found = calibrate([summary([100.0, 101.0], 0.5), summary([102.0, 103.0], 0.5)])
        self.assertGreater(found["job_sd_upper"], 5 * found["job_sd"])

    def test_what_an_honest_run_misses_and_the_tightest_limit(self) -> None:
        # Student's t with 5 degrees of freedom: 0.99 quantile 3.36493 (any table); one gate has the whole family's level.
        values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
        gate = calibrate([summary([100.0, 101.0], value) for value in values])["gates"]["g"]
        scale = gate["sd"] * (7 / 6) ** 0.5
        self.assertAlmostEqual(gate["tightest"], 0.35 + 3.36493 * scale, places=4)
        self.assertAlmostEqual(missed({"op": "<=", "limit": gate["tightest"]}, values), 0.01, places=6)
        self.assertAlmostEqual(missed({"op": ">=", "limit": 0.35}, values), 0.5, places=6)

    def test_runs_that_do_not_differ_have_no_chance_to_miss(self) -> None:
        gate = calibrate([summary([100.0, 101.0], 0.5), summary([102.0, 103.0], 0.5)])["gates"]["g"]
        self.assertIsNone(gate["missed"])
        self.assertIsNone(gate["tightest"])

    def test_one_run_is_no_calibration(self) -> None:
        with self.assertRaises(ValueError):
            calibrate([summary([1.0, 2.0], 0.5)])

    def test_runs_of_different_submissions_are_refused(self) -> None:
        with self.assertRaises(ValueError):
            same_submission([summary([1.0], 0.5, "a"), summary([1.0], 0.5, "b")])


if __name__ == "__main__":
    unittest.main()
