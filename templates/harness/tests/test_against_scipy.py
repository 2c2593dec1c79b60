"""Every statistic against SciPy and statsmodels: fixtures/statistics.json, written once by fixtures/make_statistics.py."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collab_harness import stats as st
from collab_harness.audit import cluster_mean

FIXTURE = json.loads(Path(__file__).with_name("fixtures").joinpath("statistics.json").read_text(encoding="utf-8"))

Function = Callable[..., Any]


def welch(a: list[float], b: list[float]) -> list[float]:
    found = st.welch(a, b)
    return [found.value, found.se, found.df, found.lower(0.998)]


def components(*jobs: list[float]) -> list[float]:
    found = st.variance_components(jobs)
    return [found.between, found.within]


def clusters(*answers: list[float]) -> list[float]:
    found = cluster_mean([(total, int(size)) for total, size in answers])
    return [found.value, found.se, found.n]


def pairs(lost: int, won: int, n: int) -> st.Paired:
    return st.Paired(lost, won, n)


# How each is called, and how far it may be off: relative, with 1e-12 absolute beside it.
CHECKED: dict[str, tuple[Function, float]] = {
    "normal_quantile": (st.normal_quantile, 1e-9),
    "beta_cdf": (st.beta_cdf, 1e-9),
    "gamma_cdf": (st.gamma_cdf, 1e-9),
    "t_cdf": (st.t_cdf, 1e-9),
    "t_quantile": (st.t_quantile, 1e-8),
    "chi_square_quantile": (st.chi_square_quantile, 1e-8),
    "sd_upper": (lambda sd, df, confidence: st.sd_upper(sd, int(df), confidence), 1e-8),
    # Howe's approximation against the exact factor.
    "tolerance_factor": (lambda n, coverage, confidence: st.tolerance_factor(int(n), coverage, confidence), 0.03),
    "welch": (welch, 1e-9),
    "sample_variance": (lambda *values: st.sample_variance(values), 1e-6),
    "variance_components": (components, 1e-8),
    "wilson": (st.wilson, 1e-9),
    "mcnemar_exact": (lambda *table: st.mcnemar_exact(pairs(*table)), 1e-9),
    "mcnemar_statistic": (lambda *table: st.mcnemar_statistic(pairs(*table)), 1e-9),
    "non_inferiority_z": (lambda lost, won, n, margin: st.non_inferiority_z(pairs(lost, won, n), margin), 1e-5),
    "cluster_mean": (clusters, 1e-9),
}


class AgainstSciPy(unittest.TestCase):
    def test_every_case(self) -> None:
        for name, (function, tolerance) in CHECKED.items():
            for arguments, expected in FIXTURE["cases"][name]:
                with self.subTest(name, arguments=arguments):
                    self.near(function(*arguments), expected, tolerance)

    def near(self, found: Any, expected: Any, tolerance: float) -> None:
        founds = list(found) if isinstance(found, (list, tuple)) else [found]
        expecteds = expected if isinstance(expected, list) else [expected]
        self.assertEqual(len(founds), len(expecteds))
        for f, e in zip(founds, expecteds):
            self.assertLessEqual(abs(f - e), tolerance * abs(e) + 1e-12, f"{f} is not {e}")

    def test_no_case_is_left_out(self) -> None:
        self.assertEqual(set(FIXTURE["cases"]), {*CHECKED, "power"})

    def test_the_power_formula_against_the_exact_sum(self) -> None:
        for (n, discordant, margin, alpha), exact in FIXTURE["cases"]["power"]:
            with self.subTest(n=n):
                self.assertAlmostEqual(st.non_inferiority_power(n, discordant, margin, alpha), exact, delta=0.04)

    def test_power_and_items_are_one_formula(self) -> None:
        items = st.non_inferiority_items(0.15, 0.04, 0.05, 0.9)
        self.assertGreaterEqual(st.non_inferiority_power(items, 0.15, 0.04, 0.05), 0.9)
        self.assertLess(st.non_inferiority_power(items - 1, 0.15, 0.04, 0.05), 0.9)


if __name__ == "__main__":
    unittest.main()
