"""Measure and judge one submission: an example to put your own question into.

    python3 run.py --submission-dir DIR --state-dir DIR [--private-dir DIR] [--seed N]

Writes summary.json into the state folder. Exit code 0: measured. 3: the submission is at fault, the reason is in
`error`. Anything else: the harness or the platform is at fault.

What is yours to change: `answer` (what is right), `questions` (what is asked), and the gate in `judged`; README.md has
the steps.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import statistics
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from collab_harness import VERSION, isolation  # noqa: E402
from collab_harness.conversation import Conversation, Reply  # noqa: E402
from collab_harness.faults import EXIT_HARNESS, EXIT_MEASURED, EXIT_SUBMISSION, SubmissionFault  # noqa: E402
from collab_harness.limits import Limits  # noqa: E402
from collab_harness.preflight import preflight  # noqa: E402
from collab_harness.process import Program, Running  # noqa: E402
from collab_harness.staging import content_sha256, stage  # noqa: E402
from collab_harness.summary import Measured, judge, write_atomic  # noqa: E402

PASSES = 3
QUESTIONS = 12
STARTUP_S = 10.0
ANSWER_S = 5.0
LIMITS = Limits(memory_bytes=512 << 20, processes=32, disk_bytes=64 << 20, file_bytes=64 << 20, output_bytes=1 << 20)

Json = dict[str, Any]


def answer(n: int) -> int:
    """What is right: the number of primes below n (sieve of Eratosthenes)."""
    sieve = bytearray([1]) * max(n, 2)
    sieve[:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, len(sieve), i)))
    return sum(sieve[:n])


def questions(private: Path | None, rng: random.Random) -> list[list[int]]:
    """For each pass, which questions in which order."""
    folder = private or HERE / "data"
    pool: list[int] = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    return [rng.sample(pool, QUESTIONS) for _ in range(PASSES)]


@dataclass(frozen=True)
class Asked:
    n: int
    reply: Reply

    @property
    def right(self) -> bool:
        return self.reply.text.strip() == str(answer(self.n))


def ask_all(submission: Path, scratch: Path, layers: isolation.Isolation, passes: list[list[int]], strict: bool, log: Path) -> list[list[Asked]]:
    """Start the program, ask everything, end it. What it printed on standard error stays in `log`."""
    required = layers.required() if strict else []
    manifest = json.loads((submission / "manifest.json").read_text(encoding="utf-8"))
    program = Program(argv=manifest["run"], folder=submission, scratch=scratch, env={}, connect_ports=[])
    running = Running(program, layers, LIMITS, required, talk=True)
    try:
        Conversation(running, STARTUP_S).ask("2")
        talk = Conversation(running, ANSWER_S)
        return [[Asked(n, talk.ask(str(n))) for n in numbers] for numbers in passes]
    finally:
        running.stop()
        running.keep_log(log)


def judged(passes: list[list[Asked]]) -> Json:
    """Score and gate: right answers per second, and the share of right answers."""
    rates = [
        sum(asked.right for asked in one) / (one[-1].reply.received - one[0].reply.sent) for one in passes
    ]
    right = [asked.right for one in passes for asked in one]
    values = {"correct": Measured(sum(right) / len(right), len(right))}
    rules = json.loads((HERE / "gates.json").read_text(encoding="utf-8"))
    mean = statistics.fmean(rates)
    return {
        rules["metric"]: mean,
        "correct": values["correct"].value,
        "score": {"mean": mean, "sd": statistics.stdev(rates), "runs": len(rates), "unit": rules["unit"]},
        "gates": [judge(gate, values[gate["field"]]) for gate in rules["gates"] if gate["field"] in values],
        "shown": {"questions": len(right), "passes": [{"score": rate} for rate in rates]},
    }


def evaluate(args: argparse.Namespace, provenance: Json) -> Json:
    problems = preflight(args.submission_dir, json.loads((HERE / "preflight.json").read_text(encoding="utf-8")))
    for problem in problems:
        print(f"preflight: {problem}")
    if problems:
        raise SubmissionFault("preflight: " + "; ".join(problems))
    if args.preflight:
        print("preflight: no problem found")
        return {"gates": [], "shown": {}}
    passes = questions(args.private_dir, random.Random(provenance["seeds"][0]))
    isolation.keep_out([HERE, args.state_dir, *([args.private_dir] if args.private_dir else [])])
    with isolation.work_folder() as work:
        provenance["submission_sha256"] = stage(args.submission_dir, work / "submission")
        layers = isolation.enter()
        try:
            strict, log = args.isolation == "strict", args.state_dir / "submission.log"
            return judged(ask_all(work / "submission", work / "scratch", layers, passes, strict, log))
        finally:
            provenance["isolation"] = layers.describe()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submission-dir", type=Path, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--private-dir", type=Path)
    parser.add_argument("--profile", default="rehearsal", help="this challenge has one parameter set alone")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--preflight", action="store_true")
    parser.add_argument("--isolation", choices=["strict", "best"], default="best")
    args = parser.parse_args(argv)
    args.state_dir.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    seed = args.seed if args.seed is not None else secrets.randbits(32)
    provenance: Json = {
        "harness_version": VERSION, "harness_sha256": content_sha256(HERE), "submission_sha256": None,
        "isolation": None, "seeds": [seed],
    }  # fmt: skip
    code, result = attempt(args, provenance)
    provenance["times"] = {"total": round(time.monotonic() - started, 3)}
    write_atomic(args.state_dir / "summary.json", {"schema": 1, **result, "provenance": provenance, "files": {}})
    print(json.dumps({key: result[key] for key in ("score", "gates", "error") if key in result}))
    return code


def attempt(args: argparse.Namespace, provenance: Json) -> tuple[int, Json]:
    """What came of it, and whose fault it is."""
    try:
        return EXIT_MEASURED, evaluate(args, provenance)
    except SubmissionFault as fault:
        return EXIT_SUBMISSION, {"error": str(fault), "gates": [], "shown": {}}
    except Exception as error:
        traceback.print_exc()
        return EXIT_HARNESS, {"error": f"harness: {type(error).__name__}: {error}", "gates": [], "shown": {}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
