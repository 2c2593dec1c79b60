"""The exam for results near the top: does the submission answer questions as the original did?

    python3 downstream.py --submission-dir DIR --state-dir DIR --private-dir DIR [--profile NAME] [--isolation strict]

The same contract as run.py, and the gates of gates.json whose `when` is not `every`. No score is measured here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from collab_harness import isolation  # noqa: E402
from collab_harness.client import Client  # noqa: E402
from collab_harness.downstream import Exam, gate_value, read_exam, report, sit  # noqa: E402
from collab_harness.faults import HarnessFault, SubmissionFault  # noqa: E402
from collab_harness.summary import judge  # noqa: E402
from report import Report  # noqa: E402
from run import arguments, refuse_problems, run_as  # noqa: E402
from settings import Settings, read_json  # noqa: E402
from stages import Bench, reference  # noqa: E402

GATE = "downstream"


def examine(args: argparse.Namespace, settings: Settings, found: Report) -> None:
    """stage -> install -> fetch -> isolate -> exam -> judge."""
    refuse_problems(args, settings)
    gate = next((gate for gate in settings.gates if gate["id"] == GATE), None)
    if gate is None or args.private_dir is None:
        raise HarnessFault(f"the exam needs the gate {GATE} and the private data")
    exam = read_exam(read_json(args.private_dir / "downstream.json"))
    isolation.keep_out([HERE, args.state_dir, args.private_dir])
    with isolation.work_folder() as work:
        bench = Bench.prepare(settings, args.submission_dir, work, found)
        bench.isolate(isolation.enter(), strict=args.isolation == "strict")
        found.phase("isolate")
        answers = sat(bench, exam, lambda now: judge(gate, gate_value(exam, now, args.lost))["pass"])
        found.phase("exam")
    judged = judge(gate, gate_value(exam, answers, args.lost))
    found.examined(judged, report(exam, answers, -gate["limit"]))


def sat(bench: Bench, exam: Exam, enough: Callable[[Mapping[str, bool]], bool]) -> dict[str, bool]:
    """The submission's answers. When it fails, the original has to show that it was not the machine."""
    server = bench.serve(bench.submission)
    try:
        with server as client:
            return sit(exam, client.reply, enough)
    except SubmissionFault:
        with reference(bench) as original:
            ask_one(original, exam)
        raise
    finally:
        bench.report.log("server.log", server.log)


def ask_one(client: Client, exam: Exam) -> None:
    client.reply(exam.items[0].prompt, exam.max_tokens)


if __name__ == "__main__":
    sys.exit(run_as(examine, arguments(sys.argv[1:], __doc__)))
