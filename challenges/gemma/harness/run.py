"""Measure and judge one submission of the Gemma challenge.

    python3 run.py --submission-dir DIR --state-dir DIR [--private-dir DIR] [--profile NAME] [--seed N]

Writes summary.json into the state folder. Exit code 0: measured. 3: the submission is at fault, the reason is in
`error`. Anything else: the harness or the platform is at fault.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from collab_harness import isolation  # noqa: E402
from collab_harness.faults import EXIT_HARNESS, EXIT_MEASURED, EXIT_SUBMISSION, HarnessFault, SubmissionFault  # noqa: E402
from collab_harness.preflight import preflight  # noqa: E402
from collab_harness.summary import write_atomic  # noqa: E402
from engines import engine_of  # noqa: E402
from report import Report  # noqa: E402
from settings import Settings, load_settings, read_json  # noqa: E402
from stages import Bench, blame, control, judge_outputs, measure, reference  # noqa: E402


def arguments(argv: list[str], doc: str | None = __doc__) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submission-dir", type=Path, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--private-dir", type=Path, help="prompts and references of the organizer")
    parser.add_argument("--profile", default="rehearsal", help="parameter set: a file in profiles/")
    parser.add_argument("--seed", type=int, default=None, help="which prompts, in which order; random without it")
    parser.add_argument("--preflight", action="store_true", help="only list the problems that are seen without running it")
    parser.add_argument("--lost", type=int, default=0, help="exams that the author has lost: the next one is held to a stricter level")
    parser.add_argument("--isolation", choices=["strict", "best"], default="best", help="strict: judge only behind every layer")
    return parser.parse_args(argv)


Phases = Callable[[argparse.Namespace, Settings, Report], None]


def run_as(phases: Phases, args: argparse.Namespace) -> int:
    """Run the phases and report what came of them; the exit code says whose fault it is."""
    args.state_dir.mkdir(parents=True, exist_ok=True)
    report = Report(args.state_dir)
    try:
        settings = load_settings(HERE, args.profile, args.private_dir)
        report.start(settings, args.seed if args.seed is not None else secrets.randbits(32))
        phases(args, settings, report)
        return EXIT_MEASURED
    except SubmissionFault as fault:
        report.fail(str(fault))
        return EXIT_SUBMISSION
    except HarnessFault as fault:
        report.fail(f"harness: {fault}")
        return EXIT_HARNESS
    except Exception as error:
        traceback.print_exc()
        report.fail(f"harness: {type(error).__name__}: {error}")
        return EXIT_HARNESS


def refuse_problems(args: argparse.Namespace, settings: Settings) -> None:
    """Every problem that is seen without running anything, at once."""
    problems = preflight(args.submission_dir, read_json(HERE / "preflight.json"))
    problems = problems or engine_of(HERE, settings.profile).problems(args.submission_dir)
    if problems or args.preflight:
        write_atomic(args.state_dir / "preflight.json", {"problems": problems})
        for problem in problems:
            print(f"preflight: {problem}")
    if problems:
        raise SubmissionFault("preflight: " + "; ".join(problems))


def evaluate(args: argparse.Namespace, settings: Settings, report: Report) -> None:
    refuse_problems(args, settings)
    if args.preflight:
        print("preflight: no problem found")
        return
    with isolation.work_folder() as work:
        run_phases(args, settings, report, work)


def run_phases(args: argparse.Namespace, settings: Settings, report: Report, work: Path) -> None:
    """stage -> install -> fetch -> isolate -> timed passes -> control -> audit -> judge."""
    isolation.keep_out([HERE, args.state_dir, *([args.private_dir] if args.private_dir else [])])
    bench = Bench.prepare(settings, args.submission_dir, work, report)
    bench.isolate(isolation.enter(), strict=args.isolation == "strict")
    report.phase("isolate")
    try:
        measured = measure(bench)
    except SubmissionFault:
        blame(bench)
        raise
    report.phase("passes")
    with reference(bench) as original:
        controlled = control(original, bench)
        report.phase("control")
        judged = judge_outputs(original, bench, measured)
        report.phase("audit")
    report.finish(measured, controlled, judged)


if __name__ == "__main__":
    sys.exit(run_as(evaluate, arguments(sys.argv[1:])))
