"""Which layers of isolation exist where jobs run: python3 probe.py --state-dir DIR writes isolation.json there.

A cheap job of its own, run once per hardware flavor, so that it is known before anybody is judged.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from collab_harness import isolation  # noqa: E402
from collab_harness.limits import Limits  # noqa: E402
from collab_harness.process import Program, Running  # noqa: E402
from collab_harness.summary import write_atomic  # noqa: E402


def probe() -> dict[str, object]:
    """Start a program that does nothing behind every layer, and say which of them held."""
    layers = isolation.enter()
    with isolation.work_folder() as work:
        home = work / "home"
        home.mkdir(mode=0o755)
        program = Program(argv=["python3", "-c", ""], folder=home, scratch=work / "scratch", env={}, connect_ports=[])
        running = Running(program, layers, Limits())
        ran = running.ended_within(30) and running.exit_code == 0
        running.stop()
    return {"schema": 1, **layers.describe(), "program_ran": ran}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state-dir", type=Path, required=True)
    args = parser.parse_args()
    args.state_dir.mkdir(parents=True, exist_ok=True)
    found = probe()
    write_atomic(args.state_dir / "isolation.json", found)
    print(found)
    return 0 if found["program_ran"] else 1


if __name__ == "__main__":
    sys.exit(main())
