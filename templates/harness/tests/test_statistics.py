"""Every statistic against published values, or against an independent way to compute it."""

from __future__ import annotations

import math
import random
import unittest

from collab_harness import stats as st


class Distributions(unittest.TestCase):
    def test_t_quantiles_of_the_tables(self) -> None:
        for p, df, published in [(0.975, 10, 2.228139), (0.95, 5, 2.015048), (0.995, 3, 5.840909), (0.9, 1, 3.077684)]:
            self.assertAlmostEqual(st.t_quantile(p, df), published, places=5)
        self.assertAlmostEqual(st.t_quantile(0.025, 10), -2.228139, places=5)

    def test_chi_square_quantiles_of_the_tables(self) -> None:
        for p, df, published in [(0.95, 10, 18.30704), (0.05, 9, 3.325113), (0.99, 1, 6.634897), (0.5, 2, 1.386294)]:
            self.assertAlmostEqual(st.chi_square_quantile(p, df), published, places=4)

    def test_tolerance_factor_of_the_nist_handbook(self) -> None:
        self.assertAlmostEqual(st.tolerance_factor(43, 0.90, 0.99), 2.217, places=2)

    def test_upper_bound_of_a_standard_deviation_by_simulation(self) -> None:
        rng = random.Random(3)
        held = 0
        for _ in range(2000):
            sample = [rng.gauss(0, 1) for _ in range(5)]
            held += st.sd_upper(math.sqrt(st.sample_variance(sample)), 4, 0.9) >= 1
        self.assertAlmostEqual(held / 2000, 0.9, delta=0.02)


class Means(unittest.TestCase):
    def test_welch_on_students_sleep_data(self) -> None:
        first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
        second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
        found = st.welch(first, second)
        self.assertAlmostEqual(found.value, -1.58, places=9)
        self.assertAlmostEqual(found.value / found.se, -1.8608, places=4)
        self.assertAlmostEqual(found.df, 17.776, places=3)

    def test_welch_of_equal_constants_is_certain(self) -> None:
        found = st.welch([2.0, 2.0], [1.0, 1.0])
        self.assertEqual((found.value, found.lower(0.99)), (1.0, 1.0))

    def test_variance_components_of_the_dyestuff_data(self) -> None:
        batches = [
            [1545, 1440, 1440, 1520, 1580], [1540, 1555, 1490, 1560, 1495], [1595, 1550, 1605, 1510, 1560],
            [1445, 1440, 1595, 1465, 1545], [1595, 1630, 1515, 1635, 1625], [1520, 1455, 1450, 1480, 1445],
        ]  # fmt: skip
        found = st.variance_components(batches)
        self.assertAlmostEqual(found.between, 1764.05, places=2)
        self.assertAlmostEqual(found.within, 2451.25, places=2)
        self.assertAlmostEqual(found.mean, 1527.5)

    def test_more_passes_do_not_help_against_machines(self) -> None:
        one, many = st.score_variance(4.864**2, 0.056**2, 1, 1), st.score_variance(4.864**2, 0.056**2, 1, 100)
        self.assertAlmostEqual(math.sqrt(many), 4.864, places=3)
        self.assertLess(one - many, 0.01)


class Proportions(unittest.TestCase):
    def test_wilson_intervals_of_newcombe_1998(self) -> None:
        for successes, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]:
            found = st.wilson(successes, n, 0.95)
            self.assertAlmostEqual(found[0], low, places=4)
            self.assertAlmostEqual(found[1], high, places=4)

    def test_paired_ratings_of_agresti(self) -> None:
        ratings = st.Paired(lost=150, won=86, n=1600)
        self.assertAlmostEqual(ratings.difference, -0.04)
        self.assertAlmostEqual(ratings.se, 0.0095, places=4)
        self.assertAlmostEqual(st.mcnemar_statistic(ratings), 17.36, places=2)

    def test_exact_mcnemar_against_the_binomial_sum(self) -> None:
        self.assertAlmostEqual(st.mcnemar_exact(st.Paired(lost=8, won=2, n=100)), (45 + 10 + 1) / 1024)
        self.assertEqual(st.mcnemar_exact(st.Paired(lost=0, won=0, n=10)), 1.0)

    def test_non_inferiority_keeps_its_level_at_the_boundary(self) -> None:
        rng = random.Random(11)
        n, margin, lost, won = 400, 0.05, 0.10, 0.05
        z = st.normal_quantile(0.95)
        passed = 0
        for _ in range(4000):
            draws = [rng.random() for _ in range(n)]
            a = sum(u < lost for u in draws)
            b = sum(lost <= u < lost + won for u in draws)
            passed += st.non_inferiority_z(st.Paired(a, b, n), margin) > z
        self.assertAlmostEqual(passed / 4000, 0.05, delta=0.012)

    def test_non_inferiority_without_margin_is_mcnemar(self) -> None:
        pairs = st.Paired(lost=12, won=5, n=200)
        self.assertAlmostEqual(st.non_inferiority_z(pairs, 0.0) ** 2, st.mcnemar_statistic(pairs), places=9)

    def test_items_needed_give_the_power_they_promise(self) -> None:
        n = st.non_inferiority_items(discordant=0.1, margin=0.05, alpha=0.05, power=0.8)
        self.assertEqual(n, 248)
        rng = random.Random(5)
        z = st.normal_quantile(0.95)
        passed = 0
        for _ in range(2000):
            draws = [rng.random() for _ in range(n)]
            pairs = st.Paired(sum(u < 0.05 for u in draws), sum(0.05 <= u < 0.1 for u in draws), n)
            passed += st.non_inferiority_z(pairs, 0.05) > z
        self.assertGreater(passed / 2000, 0.74)


class Families(unittest.TestCase):
    def test_five_gates_together_reject_one_honest_run_in_a_hundred(self) -> None:
        level = st.gate_level(0.01, 5)
        limit = st.limit_below(0.99, 0.004, level)
        rng = random.Random(2)
        rejected = sum(any(rng.gauss(0.99, 0.004) < limit for _ in range(5)) for _ in range(40_000))
        self.assertLess(rejected / 40_000, 0.012)
        self.assertGreater(rejected / 40_000, 0.008)


if __name__ == "__main__":
    unittest.main()
