"""The statistics that verdicts rest on. Every formula names its source; tests hold them against published values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

_NORMAL = NormalDist()


def normal_quantile(p: float) -> float:
    """z with P(Z <= z) = p."""
    return _NORMAL.inv_cdf(p)


def beta_cdf(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function I_x(a, b), by its continued fraction (Press et al., Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Modified Lentz evaluation of the continued fraction of I_x(a, b)."""
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d, tiny)
            c = _away_from_zero(1 + term / c, tiny)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def t_cdf(t: float, df: float) -> float:
    """Student's t distribution (Abramowitz and Stegun 26.5.27)."""
    tail = beta_cdf(df / 2, 0.5, df / (df + t * t)) / 2
    return 1 - tail if t > 0 else tail


def t_quantile(p: float, df: float) -> float:
    """t with P(T <= t) = p, by bisection."""
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, df)
    high = 1.0
    while t_cdf(high, df) < p:
        high *= 2
    return _bisect(lambda t: t_cdf(t, df) - p, 0.0, high)


def _bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """Root of an increasing function between two bounds, to double precision."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Difference:
    """A difference of means with its standard error and degrees of freedom."""

    value: float
    se: float
    df: float

    def lower(self, confidence: float) -> float:
        """One-sided lower bound."""
        return self.value - t_quantile(confidence, self.df) * self.se if self.se else self.value

    def upper(self, confidence: float) -> float:
        """One-sided upper bound."""
        return self.value + t_quantile(confidence, self.df) * self.se if self.se else self.value


def welch(a: Sequence[float], b: Sequence[float]) -> Difference:
    """mean(a) - mean(b) of samples with unequal variances (Welch 1947; df of Satterthwaite 1946)."""
    va, vb = sample_variance(a) / len(a), sample_variance(b) / len(b)
    weights = va**2 / (len(a) - 1) + vb**2 / (len(b) - 1)
    df = (va + vb) ** 2 / weights if weights else float(len(a) + len(b) - 2)
    return Difference(fmean(a) - fmean(b), math.sqrt(va + vb), df)


def sample_variance(values: Sequence[float]) -> float:
    """Unbiased; needs two values."""
    mean = fmean(values)
    return math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
