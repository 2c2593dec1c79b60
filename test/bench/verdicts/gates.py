"""How often the gates of the full Gemma profile refuse honest work, and accept work that changes what is said.

    python3 test/bench/verdicts/gates.py --rules FILE [--runs N] [--seed N]

FILE is a gates.json. Tokens, log-probabilities and times are drawn; everything that reads and judges them is the harness's
own: choice of prompts, audit, reuse, pictures, exam, limits. Prints JSON. ASSUMED names what was not measured anywhere.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "challenges/gemma/harness"), str(ROOT / "templates/harness")]

from collab_harness import audit as auditing  # noqa: E402
from collab_harness import downstream, speed  # noqa: E402
from collab_harness.calibration import gate_noise  # noqa: E402
from collab_harness.client import Answer  # noqa: E402
from collab_harness.perplexity import Perplexity  # noqa: E402
from collab_harness.summary import Measured as Value
from collab_harness.summary import judge  # noqa: E402
from pictures import Looked, drawn  # noqa: E402
from prepare_exam import LETTER_FIRST, LETTER_ITEMS  # noqa: E402
from report import gate_values  # noqa: E402
from stages import Controlled, Measured  # noqa: E402

Json = dict[str, Any]

PROFILE: Json = json.loads((ROOT / "challenges/gemma/harness/profiles/full.json").read_text(encoding="utf-8"))
ASSUMED = {
    "other_first_choice": 0.015,  # share of the places at which the original, run again, has another first choice
    "sd_between_answers": 0.008,  # of that share
    "tie_nats": 0.05,  # mean distance of the two choices there
    "changed_nats": 1.0,  # mean distance of a token that another model chose
    "sd_between_prompts": 0.2,  # of the logarithm of a request's seconds: speculation helps some texts more
    "sd_of_a_request": 0.02,
    "drift_of_a_pass": 0.01,
    "picture_missed": 0.005,
    "exam_right": 0.67,  # accuracy of the original
}
VOCABULARY = 262_144
LOOP = 24


@dataclass(frozen=True)
class Work:
    """What is true of a submission: the share of places where it says something else, and of text that only repeats."""

    changed: float = 0.0
    loops: float = 0.0


def answer(work: Work, number: int, rng: random.Random) -> tuple[auditing.Emitted, list[float]]:
    """One timed answer and, for each token, how far it is from the original's first choice in nats."""
    length = PROFILE["output_tokens"]
    text = round(length * (1 - work.loops))
    ids = rng.choices(range(VOCABULARY), k=text)
    ids += [ids[-LOOP:][i % LOOP] for i in range(length - text)]
    ties = min(1.0, max(0.0, rng.gauss(ASSUMED["other_first_choice"], ASSUMED["sd_between_answers"])))
    gaps = [0.0] * length
    for place in range(length):
        if rng.random() < work.changed:
            gaps[place] = rng.expovariate(1 / ASSUMED["changed_nats"])
        elif place < text and rng.random() < ties:
            gaps[place] = rng.expovariate(1 / ASSUMED["tie_nats"])
    return auditing.Emitted((number,), tuple(ids)), gaps


def audited(work: Work, rng: random.Random) -> auditing.Audit:
    drawn_answers = [answer(work, number, rng) for number in range(PROFILE["audit_answers"])]
    gaps = {emitted.prompt[0]: found for emitted, found in drawn_answers}

    def logprobs(sequence: list[int]) -> list[Json | None]:
        entries: list[Json | None] = [None]
        for token, gap in zip(sequence[1:], gaps[sequence[0]]):
            first = {} if gap == 0 else {"-1": {"logprob": -0.5, "rank": 1}}
            entries.append({str(token): {"logprob": -0.5 - gap, "rank": 1 + len(first)}, **first})
        return entries

    return auditing.audit([emitted for emitted, _ in drawn_answers], logprobs)


def timed(rng: random.Random) -> list[speed.Pass]:
    """Passes of a server that computes every answer: prompts differ, requests and passes scatter."""
    pool = [str(i) for i in range(1200)]
    chosen = speed.choose(pool, PROFILE["passes"], PROFILE["prompts_per_pass"], PROFILE["repeats"], rng)
    usual: dict[str, float] = {}
    passes = []
    for prompts in chosen:
        drift, clock, requests = rng.gauss(0, ASSUMED["drift_of_a_pass"]), 0.0, []
        for prompt in prompts:
            own = usual.setdefault(prompt, rng.gauss(0, ASSUMED["sd_between_prompts"]))
            seconds = math.exp(own + drift + rng.gauss(0, ASSUMED["sd_of_a_request"]))
            requests.append(speed.Timed(prompt, Answer("", [], clock, clock + seconds)))
            clock += seconds
        passes.append(speed.Pass(requests))
    return passes


def looked(rng: random.Random, missed: float) -> Looked:
    return Looked(tuple((colour, rng.random() >= missed) for colour in drawn(PROFILE["pictures"], rng.getrandbits(32))))


def run(rules: Json, work: Work, rng: random.Random) -> Json:
    """Outcome of every gate that everybody is held against."""
    passes, seen = timed(rng), looked(rng, ASSUMED["picture_missed"])
    counts = [PROFILE["output_tokens"] for one in passes for _ in one.requests]
    measured = Measured(passes, [1.0], counts, Perplexity(2.3, 61_797), "not streamed", seen)
    control = Controlled(1.0, Looked(tuple((colour, True) for colour, _ in seen.right)))
    values = gate_values(measured, control, audited(work, rng), PROFILE["output_tokens"])
    return {gate["id"]: judge(gate, values[gate["id"]]) for gate in rules["gates"] if gate["id"] in values}


def runs_of(rules: Json, work: Work, runs: int, seed: int) -> list[Json]:
    rng = random.Random(f"{seed} {work}")
    return [run(rules, work, rng) for _ in range(runs)]


def outcome(rules: Json, found: list[Json]) -> Json:
    """Shares of runs that miss each gate of the headline division, and any of them."""
    headline = next(d for d in rules["divisions"] if d["headline"])["gates"]
    every = [g["id"] for g in rules["gates"] if g["id"] in headline and g["when"] == "every"]
    missed = {gate: sum(not one[gate]["pass"] for one in found) / len(found) for gate in every}
    refused = sum(any(not one[gate]["pass"] for gate in every) for one in found) / len(found)
    return {"runs": len(found), "missed": missed, "refused": refused, "tokens": sum(o["audit_top1"]["n"] for o in found) / len(found)}


AUDIT = ("audit_top1", "audit_nll_gap")
BLOCK = 60


def under(rules: Json, limits: Json, found: list[Json]) -> list[Json]:
    """The same runs, held against other limits of the audit."""
    gates = {g["id"]: {**g, "limit": limits.get(g["id"], g["limit"])} for g in rules["gates"]}
    return [{i: judge(gates[i], Value(v["value"], v["n"])) for i, v in one.items()} for one in found]


def calibrated(rules: Json, honest: list[Json], power: dict[str, list[Json]], n: int) -> Json:
    """Limits of the audit as `eval calibrate` proposes them from n runs of the baseline, tried on other runs, block by block."""
    refused: list[float] = []
    accepted: dict[str, list[float]] = {x: [] for x in power}
    for block in (honest[start : start + BLOCK] for start in range(0, len(honest) - BLOCK + 1, BLOCK)):
        noise = gate_noise([{"gates": list(one.values())} for one in block[:n]])
        limits = {gate: noise[gate]["tightest"] for gate in AUDIT}
        refused.append(outcome(rules, under(rules, limits, block[n:]))["refused"])
        for x, found in power.items():
            accepted[x].append(1 - outcome(rules, under(rules, limits, found))["refused"])
    return {"refused": fmean(refused), "accepted": {x: fmean(values) for x, values in accepted.items()}}


def exam(rules: Json, flips: float, runs: int, seed: int) -> Json:
    """Of honest exams, in which this share of the answers changes, as often to right as to wrong: who misses, who is asked all."""
    rng = random.Random(f"{seed} exam {flips}")
    found = [sat(rules, flips, 0.0, 0, rng) for _ in range(runs)]
    return {"missed": fmean(not passed for passed, _ in found), "asked_all": fmean(n == LETTER_ITEMS for _, n in found)}


POSTS = 20


def reposted(rules: Json, loss: float, authors: int, seed: int) -> Json:
    """Of authors whose work has lost so much accuracy: who passes the first exam, one of twenty, and one of twenty if none counted."""
    rng = random.Random(f"{seed} lost {loss}")
    needed = [next((lost for lost in range(POSTS) if sat(rules, 0.1, loss, lost, rng)[0]), None) for _ in range(authors)]
    first = fmean(lost == 0 for lost in needed)
    return {"first": first, "posts": fmean(lost is not None for lost in needed), "fresh": 1 - (1 - first) ** POSTS}


def sat(rules: Json, flips: float, loss: float, lost: int, rng: random.Random) -> tuple[bool, int]:
    """One exam: whether it passes, and how many questions were asked."""
    gate = next(g for g in rules["gates"] if g["id"] == "downstream")
    right = ASSUMED["exam_right"]
    questions = tuple(downstream.Item(str(i), "set", "", ("A", "B"), "A") for i in range(LETTER_ITEMS))
    before = {item.id: rng.random() < right for item in questions}
    chance = {True: (flips + loss) / 2 / right, False: (flips - loss) / 2 / (1 - right)}
    now = {i: was != (rng.random() < chance[was]) for i, was in before.items()}
    asked = downstream.Exam("letters", 1, ("set",), questions, before, LETTER_FIRST)
    first = dict(list(now.items())[:LETTER_FIRST])
    for answers in (first, now):
        if judge(gate, downstream.gate_value(asked, answers, min(lost, 8)))["pass"]:
            return True, len(answers)
    return False, len(now)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rules = json.loads(args.rules.read_text(encoding="utf-8"))

    honest = {loops: runs_of(rules, Work(loops=loops), args.runs, args.seed) for loops in (0.0, 0.5, 0.9)}
    changes = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.05)
    changed = {str(x): runs_of(rules, Work(changed=x), max(1, args.runs // 10), args.seed) for x in changes}
    lossy = [runs_of(rules, Work(changed=0.4, loops=loops), max(1, args.runs // 10), args.seed) for loops in (0.0, 0.9)]
    print(json.dumps({
        "assumed": ASSUMED,
        "honest": {str(loops): outcome(rules, found) for loops, found in honest.items()},
        "exam": {str(d): exam(rules, d, 4 * args.runs, args.seed) for d in (0.02, 0.05, 0.1, 0.2)},
        "lost": {str(loss): reposted(rules, loss, max(1, args.runs // 2), args.seed) for loss in (0.02, 0.03, 0.04, 0.05, 0.07)},
        "accepted": {x: 1 - outcome(rules, found)["refused"] for x, found in changed.items()},
        "lossy": 1 - min(outcome(rules, found)["refused"] for found in lossy),
        "calibrated": {str(n): calibrated(rules, honest[0.0], changed, n) for n in (6, 20) if args.runs >= BLOCK},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
