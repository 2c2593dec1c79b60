"""Simulate verdicts: the published rule (one run, symmetric 5 %, the claim ranks) against ours.

    python3 test/bench/verdicts.py [--trials N] [--seed N] [--json] [--svg FILE]

Noise and prompt shift are those measured in the published challenge: 500 tokens/s, sd 4.864 between machines and 0.056
within one; private prompts cost submissions with a tuned drafter 2.4 to 8.9 %. What is assumed is named in ASSUMED.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "templates" / "harness"))

from collab_harness import stats as st  # noqa: E402

MEAN, MACHINE_SD, PASS_SD, PASSES = 500.0, 4.864, 0.056, 4
TUNED_SHIFT = (0.024, 0.089)
AUDIT_TOKENS, AUDIT_CLUSTERS = 16_384, 32
ASSUMED = {
    "tuned": 0.5,  # share of honest submissions whose drafter was tuned on prompts like the public ones
    "self_agreement": 0.985,  # top-1 agreement of the original with itself, batching noise included
    "cluster_sd": 0.008,  # sd of that agreement between answers of 512 tokens
}
FAMILY, GATES = 0.01, 5


@dataclass(frozen=True)
class Submission:
    """What is true of a submission: public speed, loss on private prompts, agreement with the original."""

    speed: float
    shift: float = 0.0
    agreement: float = ASSUMED["self_agreement"]


def job(s: Submission, rng: random.Random, private: bool) -> float:
    """Score of one job: a machine, and the mean of its passes."""
    true = s.speed * (1 - s.shift if private else 1)
    return rng.gauss(rng.gauss(true, MACHINE_SD), PASS_SD / math.sqrt(PASSES))


def honest(rng: random.Random, speed: float = MEAN) -> Submission:
    tuned = rng.random() < ASSUMED["tuned"]
    return Submission(speed, rng.uniform(*TUNED_SHIFT) if tuned else 0.0)


def old_verdict(s: Submission, claim: float, rng: random.Random) -> bool:
    """|re-run - claim| <= 5 % of the claim, either way; perplexity is passed by all, as it was."""
    return abs(job(s, rng, private=True) - claim) <= 0.05 * claim


AUDIT_SE = ASSUMED["cluster_sd"] / math.sqrt(AUDIT_CLUSTERS)
AUDIT_LIMIT = st.limit_below(ASSUMED["self_agreement"], AUDIT_SE, st.gate_level(FAMILY, GATES))


def our_gates(s: Submission, rng: random.Random) -> bool:
    """The audit gate at its limit, and four others that an honest run misses at their level."""
    audit = rng.gauss(s.agreement, AUDIT_SE) >= AUDIT_LIMIT
    return audit and all(rng.random() > st.gate_level(FAMILY, GATES) for _ in range(GATES - 1))


def share(event: Callable[[random.Random], bool], trials: int, rng: random.Random) -> float:
    return sum(event(rng) for _ in range(trials)) / trials


# --- what a participant can do: draw often, change a byte and post again ---


def old_gain(posts: int, rng: random.Random) -> float | None:
    """Board score over the true one: the best claim that was found valid. None: nothing was."""
    s = Submission(MEAN)
    claims = [job(s, rng, private=False) for _ in range(posts)]
    valid = [claim for claim in claims if old_verdict(s, claim, rng)]
    return max(valid) / MEAN - 1 if valid else None


def pooled_gain(posts: int, rng: random.Random) -> float:
    """Same bytes again: all verification runs are one estimate."""
    return fmean(job(Submission(MEAN), rng, private=True) for _ in range(posts)) / MEAN - 1


def best_row_gain(posts: int, rng: random.Random) -> float:
    """One byte changed each time, and the best row of an agent is shown: the largest of several single runs."""
    return max(job(Submission(MEAN), rng, private=True) for _ in range(posts)) / MEAN - 1


class Author:
    """Contents of one author as the board ranks them, each with one run that qualifies it and `fresh` more if it is in front.

    A content in front of the author's row gets its fresh runs; they alone compare it with the row, and rank it when the two
    can be told apart (99 %, one-sided). What cannot be told apart is one estimate of all its runs.
    """

    def __init__(self, fresh: int) -> None:
        self.fresh, self.jobs, self.families = fresh, 0, []

    def score(self) -> float:
        return max(map(fmean, self.families))

    def post(self, s: Submission, rng: random.Random) -> None:
        first = job(s, rng, private=True)
        best = max(self.families, key=fmean, default=None)
        ahead = best is None or first > fmean(best)
        more = [job(s, rng, private=True) for _ in range(self.fresh if ahead else 0)]
        self.jobs += 1 + len(more)
        own = more or [first]
        if best is None or self.apart(own, best, bool(more)):
            self.families.append(own)
        else:
            best += [first, *more]

    @staticmethod
    def apart(own: list[float], best: list[float], fresh: bool) -> bool:
        if fresh:
            variance = sum(st.score_variance(MACHINE_SD**2, PASS_SD**2, len(runs), PASSES) for runs in (own, best))
            return abs(fmean(own) - fmean(best)) > 2.326 * math.sqrt(variance)
        (low, high), (best_low, best_high) = bounds(own), bounds(best)
        return low > best_high or best_low > high


def author_gain(fresh: int, speeds: list[float], rng: random.Random, stop_at: float = math.inf) -> tuple[float, float]:
    """What the row shows over the truth of the last content, and jobs per post. Stops early once the row shows enough."""
    author = Author(fresh)
    last = MEAN
    for posts, speed in enumerate(speeds, 1):
        author.post(Submission(speed), rng)
        last = speed
        if author.score() / speed - 1 > stop_at:
            break
    return author.score() / last - 1, author.jobs / posts


def fresh_runs(fresh: int, trials: int, rng: random.Random) -> dict[str, float]:
    """One row of the table of rules: gains of reposting, credit of honest steps, price."""

    def mean(speeds: list[float], stop_at: float = math.inf) -> tuple[float, float]:
        found = [author_gain(fresh, speeds, rng, stop_at) for _ in range(trials)]
        return fmean(gain for gain, _ in found), fmean(jobs for _, jobs in found)

    def credit(step: float) -> float:
        top = (1 + step) ** 10
        return ((1 + mean([MEAN * (1 + step) ** n for n in range(11)])[0]) * top - 1) / (top - 1)

    gain, jobs = mean([MEAN] * 20)
    return {
        "gain_20": gain,
        "gain_100": mean([MEAN] * 100)[0],
        "gain_20_after_a_worse_start": mean([MEAN * 0.97] + [MEAN] * 19)[0],
        "gain_20_stopping_when_lucky": max(mean([MEAN] * 20, stop)[0] for stop in (0, 0.002, 0.004, 0.006, 0.01)),
        "credit_of_steps_of_0.25_percent": credit(0.0025),
        "credit_of_steps_of_0.5_percent": credit(0.005),
        "credit_of_steps_of_1_percent": credit(0.01),
        "jobs_per_post_at_worst": jobs,
        "jobs_per_post_honest_steps": mean([MEAN * 1.005**n for n in range(11)])[1],
    }


def bounds(scores: list[float]) -> tuple[float, float]:
    half = 1.96 * math.sqrt(st.score_variance(MACHINE_SD**2, PASS_SD**2, len(scores), PASSES))
    return fmean(scores) - half, fmean(scores) + half


# --- order on the board ---


def rank_errors(trials: int, rng: random.Random) -> tuple[float, float, float]:
    """Of pairs that truly differ (private prompts, by 1 to 4 %): wrongly ordered by the old rule and by us, tied by us."""
    old = ours = tied = pairs = 0
    for _ in range(trials):
        a, b = honest(rng), honest(rng, MEAN * rng.uniform(1.01, 1.04))
        true_a, true_b = (s.speed * (1 - s.shift) for s in (a, b))
        if abs(true_a / true_b - 1) < 0.01:
            continue
        pairs += 1
        claims = [max(job(s, rng, private=False) for _ in range(rng.choice((1, 20)))) for s in (a, b)]
        old += (claims[0] > claims[1]) != (true_a > true_b)
        runs = [[job(s, rng, private=True)] for s in (a, b)]
        (low_a, high_a), (low_b, high_b) = bounds(runs[0]), bounds(runs[1])
        if low_a > high_b or low_b > high_a:
            ours += (low_a > high_b) != (true_a > true_b)
        else:
            tied += 1
    return old / pairs, ours / pairs, tied / pairs


def power(losses: list[float], trials: int, rng: random.Random) -> list[tuple[float, float]]:
    """Acceptance of a submission that says something else at a share `loss` of the places."""
    return [
        (loss, share(lambda r, x=loss: our_gates(Submission(MEAN, agreement=ASSUMED["self_agreement"] - x), r), trials, rng))
        for loss in losses
    ]


def simulate(trials: int, seed: int) -> dict[str, object]:
    rng = random.Random(seed)
    old_gains = [g for _ in range(trials // 10) if (g := old_gain(20, rng)) is not None]

    def regressing(r: random.Random) -> bool:
        s = Submission(MEAN * 0.97)
        return old_verdict(s, max(job(s, r, private=False) for _ in range(20)), r)

    errors = rank_errors(trials, rng)
    fresh = {runs: fresh_runs(runs, trials // 20, random.Random(seed + runs)) for runs in (0, 1, 2, 3)}
    return {
        "false_rejection": {
            "old": 1 - share(lambda r: old_verdict(s := honest(r), job(s, r, False), r), trials, rng),
            "old_best_of_20": 1 - share(lambda r: old_verdict(s := honest(r), max(job(s, r, False) for _ in range(20)), r), trials, rng),
            "ours": (miss := 1 - share(lambda r: our_gates(honest(r), r), trials, rng)),
            **{f"ours_with_{runs}_fresh_runs": false_rejection(miss, runs) for runs in (1, 2, 3)},
        },
        "lossy_accepted": {
            "old": share(lambda r: old_verdict(s := Submission(MEAN, agreement=0.6), job(s, r, False), r), trials, rng),
            "ours": share(lambda r: our_gates(Submission(MEAN, agreement=0.6), r), trials, rng),
        },
        "regression_claimed_as_best_of_20_accepted": {"old": share(regressing, trials // 10, rng)},
        "gain_of_20_posts": {
            "old": fmean(old_gains),
            "ours_same_bytes": fmean(pooled_gain(20, rng) for _ in range(trials // 10)),
            "ours_byte_changed_best_row": fmean(best_row_gain(20, rng) for _ in range(trials // 10)),
            "ours_byte_changed_families": fresh[0]["gain_20"],
        },
        "fresh_runs": fresh,
        "rank_errors": {"old": errors[0], "ours": errors[1], "ours_tied": errors[2]},
        "power": power([0.0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05], trials, rng),
        "runs_per_verdict": {"old": 1, "ours": 1},
        "audit_limit": AUDIT_LIMIT,
    }


def percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def table(found: dict[str, dict[str, float]]) -> str:
    reject, lossy, gain, ranks = (found[k] for k in ("false_rejection", "lossy_accepted", "gain_of_20_posts", "rank_errors"))
    rows = [
        ("honest work rejected, one run claimed", reject["old"], reject["ours"]),
        ("honest work rejected, best of 20 claimed", reject["old_best_of_20"], reject["ours"]),
        *((f"honest work rejected, one claimed, {runs} fresh run{'s' * (runs > 1)}", reject["old"], reject[f"ours_with_{runs}_fresh_runs"]) for runs in (1, 2, 3)),
        ("lossy work accepted (60 % agreement)", lossy["old"], lossy["ours"]),
        ("gain of 20 posts, same bytes", gain["old"], gain["ours_same_bytes"]),
        ("gain of 20 posts, a byte changed, best row shown", gain["old"], gain["ours_byte_changed_best_row"]),
        ("gain of 20 posts, a byte changed, an author's equal rows pooled", gain["old"], gain["ours_byte_changed_families"]),
        ("pairs that differ by 1 % or more, wrongly ordered", ranks["old"], ranks["ours"]),
    ]
    lines = ["| | published rule | ours |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {percent(a)} | {percent(b)} |" for name, a, b in rows)])


def fresh_table(found: dict[int, dict[str, float]]) -> str:
    """Rules that differ in how many fresh runs a content in front gets."""
    lines = ["| fresh runs | " + " | ".join(map(str, found)) + " |", "|---" * (len(found) + 1) + "|"]
    for name in found[0]:
        show = (lambda value: f"{value:.2f}") if name.startswith("jobs") else percent
        lines.append("| " + " | ".join([name.replace("_", " "), *(show(row[name]) for row in found.values())]) + " |")
    return "\n".join(lines)


def false_rejection(gate_miss: float, fresh: int) -> float:
    """An honest result whose runs each miss a gate with this probability: first run, then the majority of all of them."""
    runs = fresh + 1
    later = sum(
        math.comb(fresh, misses) * gate_miss**misses * (1 - gate_miss) ** (fresh - misses)
        for misses in range(fresh + 1)
        if misses > runs - misses
    )
    return gate_miss + (1 - gate_miss) * later


def svg(points: list[tuple[float, float]]) -> str:
    """Acceptance against the share of changed tokens, on a logarithmic axis."""
    shown = [(max(x, 0.0005), y) for x, y in points]

    def place(x: float, y: float) -> tuple[float, float]:
        return 60 + 400 * (math.log10(x) - math.log10(0.0005)) / 2, 220 - 180 * y

    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in (place(x, y) for x, y in shown))
    dots = "".join(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3"/>' for px, py in (place(x, y) for x, y in shown))
    marks = "".join(
        f'<text x="{place(x, 0)[0]:.1f}" y="238" text-anchor="middle">{100 * x:g} %</text>' for x in (0.0005, 0.001, 0.005, 0.01, 0.05)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 260" font-family="sans-serif" font-size="11">'
        f'<path d="M60 40V220H460" fill="none" stroke="#888"/><polyline points="{line}" fill="none" stroke="#2563eb"/>'
        f'{dots}{marks}<text x="52" y="44" text-anchor="end">1</text><text x="52" y="223" text-anchor="end">0</text>'
        '<text x="60" y="24">accepted</text><text x="460" y="256" text-anchor="end">tokens that the original would not have said</text></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args()
    found = simulate(args.trials, args.seed)
    if args.svg:
        args.svg.write_text(svg(found["power"]), encoding="utf-8")  # type: ignore[arg-type]
    print(json.dumps(found) if args.json else f"{table(found)}\n\n{fresh_table(found['fresh_runs'])}")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
