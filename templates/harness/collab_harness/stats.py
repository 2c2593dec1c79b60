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


# --- chi-square, tolerance and confidence for a standard deviation ---


def gamma_cdf(a: float, x: float) -> float:
    """Regularized lower incomplete gamma function P(a, x), by its series (Abramowitz and Stegun 6.5.29)."""
    if x <= 0:
        return 0.0
    term = total = 1 / a
    n = a
    while abs(term) > abs(total) * 1e-16:
        n += 1
        term *= x / n
        total += term
    return min(1.0, total * math.exp(-x + a * math.log(x) - math.lgamma(a)))


def chi_square_quantile(p: float, df: float) -> float:
    """x with P(X <= x) = p, by bisection."""
    high = max(1.0, df)
    while gamma_cdf(df / 2, high / 2) < p:
        high *= 2
    return _bisect(lambda x: gamma_cdf(df / 2, x / 2) - p, 0.0, high)


def sd_upper(sd: float, df: int, confidence: float) -> float:
    """Upper confidence bound of a standard deviation that was estimated with `df` degrees of freedom (normal data)."""
    return sd * math.sqrt(df / chi_square_quantile(1 - confidence, df))


def tolerance_factor(n: int, coverage: float, confidence: float) -> float:
    """k such that mean +- k sd of n values covers a share `coverage` of the population with `confidence`.

    Howe (1969), as in NIST/SEMATECH e-Handbook 7.2.6.3, with the degrees of freedom n - 1.
    """
    z = normal_quantile((1 + coverage) / 2)
    return z * math.sqrt((n - 1) * (1 + 1 / n) / chi_square_quantile(1 - confidence, n - 1))


# --- variance between machines and within them ---


@dataclass(frozen=True)
class Components:
    """One-way random effects: variance between jobs, variance between the passes of one job."""

    mean: float
    between: float
    within: float
    jobs: int


def variance_components(jobs: Sequence[Sequence[float]]) -> Components:
    """ANOVA estimates (Searle, Casella, McCulloch 1992, ch. 3), unbalanced designs included; a negative one is zero."""
    total = sum(map(len, jobs))
    k = len(jobs)
    mean = math.fsum(v for job in jobs for v in job) / total
    inside = math.fsum((v - fmean(job)) ** 2 for job in jobs for v in job)
    among = math.fsum(len(job) * (fmean(job) - mean) ** 2 for job in jobs)
    within = inside / (total - k) if total > k else 0.0
    size = (total - sum(len(job) ** 2 for job in jobs) / total) / (k - 1)
    return Components(mean, max(0.0, (among / (k - 1) - within) / size), within, k)


def score_variance(between: float, within: float, jobs: int, passes: int) -> float:
    """Variance of a mean over `jobs` jobs of `passes` passes each: passes inside one job say nothing about machines."""
    return between / jobs + within / (jobs * passes)


# --- proportions, paired answers ---


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Two-sided score interval of a proportion (Wilson 1927; Newcombe 1998, method 3)."""
    z = normal_quantile((1 + confidence) / 2)
    p = successes / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return ((centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n))


@dataclass(frozen=True)
class Paired:
    """Answers to the same items: `lost` right before and wrong now, `won` the other way around."""

    lost: int
    won: int
    n: int

    @property
    def difference(self) -> float:
        """Accuracy now minus accuracy before."""
        return (self.won - self.lost) / self.n

    @property
    def se(self) -> float:
        """Standard error of the difference of dependent proportions (Agresti 2002, eq. 10.2)."""
        return math.sqrt(self.won + self.lost - (self.won - self.lost) ** 2 / self.n) / self.n


def mcnemar_exact(pairs: Paired) -> float:
    """One-sided exact p-value of "now is not worse": P(lost or more of the discordant pairs | both equally likely)."""
    discordant = pairs.lost + pairs.won
    tail = sum(math.comb(discordant, k) for k in range(pairs.lost, discordant + 1))
    return tail / 2**discordant


def mcnemar_statistic(pairs: Paired) -> float:
    """(won - lost)^2 / (won + lost), chi-square with one degree of freedom (McNemar 1947)."""
    discordant = pairs.lost + pairs.won
    return (pairs.won - pairs.lost) ** 2 / discordant if discordant else 0.0


def non_inferiority_z(pairs: Paired, margin: float) -> float:
    """Score statistic of H0: difference <= -margin (Tango 1998); above z(1 - alpha) the submission is not inferior.

    The variance is taken at the boundary: q = probability of `lost` there, the larger root of
    2n q^2 + B q + C = 0 with B = -(lost + won) - (2n - won + lost) (-margin) and C = lost * margin * (margin + 1).
    """
    n, delta = pairs.n, -margin
    b_linear = -pairs.won - pairs.lost + (2 * n - pairs.won + pairs.lost) * delta
    constant = -pairs.lost * delta * (1 - delta)
    q = (math.sqrt(max(0.0, b_linear**2 - 8 * n * constant)) - b_linear) / (4 * n)
    variance = n * (2 * q + delta * (1 - delta))
    return (pairs.won - pairs.lost - n * delta) / math.sqrt(variance) if variance > 0 else math.inf


def non_inferiority_items(discordant: float, margin: float, alpha: float, power: float) -> int:
    """Items needed to see that equal accuracy is not inferior by `margin`, when a share `discordant` of answers flips.

    n = (z(1-alpha) + z(power))^2 * discordant / margin^2 (Connett, Smith, McHugh 1987, at no true difference).
    """
    z = normal_quantile(1 - alpha) + normal_quantile(power)
    return math.ceil(z * z * discordant / margin**2)


def non_inferiority_power(n: int, discordant: float, margin: float, alpha: float) -> float:
    """Chance that equal accuracy is shown to be not inferior by `margin` with `n` items (the same formula, for the power)."""
    if discordant <= 0:
        return 1.0
    return _NORMAL.cdf(margin * math.sqrt(n / discordant) - normal_quantile(1 - alpha))


# --- a family of gates ---


def gate_level(family: float, gates: int) -> float:
    """Level of each of several gates that must all hold (Bonferroni): together they reject honest work with `family`."""
    return family / gates


def limit_below(reference: float, se: float, level: float) -> float:
    """Limit of a `>=` gate that an honest run, whose value scatters around `reference` with `se`, misses with `level`."""
    return reference + normal_quantile(level) * se
