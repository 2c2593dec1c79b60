"""How noisy the measurement is: repeated runs of the same baseline, each in a job of its own (A/A runs).

    python3 calibration.py --out FILE --hub NAME --flavor NAME --date ISO SUMMARY...

Run as a program it reads the summary.json of each run and writes calibration.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from collab_harness import stats as st  # noqa: E402
from collab_harness.summary import write_atomic  # noqa: E402

Json = dict[str, Any]

# Few runs give a poor estimate of a standard deviation: verdicts use this upper confidence bound of it.
CONFIDENCE = 0.9
# All gates together refuse honest work at most so often.
FAMILY = 0.01


def pass_scores(summary: Json) -> list[float]:
    """The score of each timed pass of one run."""
    passes = summary["shown"].get("passes")
    if not passes:
        raise ValueError("summary.json has no shown.passes; a score without noise needs no calibration, only metric.repeats: 0")
    return [float(one["score"]) for one in passes]


def calibrate(summaries: Sequence[Json]) -> Json:
    """Noise of the score between jobs and within them, and of each gate. Needs two runs; more are better."""
    if len(summaries) < 2:
        raise ValueError("at least two runs are needed")
    runs = [pass_scores(s) for s in summaries]
    found = st.variance_components(runs)
    means = [sum(run) / len(run) for run in runs]
    job_sd = math.sqrt(st.sample_variance(means))
    upper = st.sd_upper(job_sd, len(runs) - 1, CONFIDENCE)
    return {
        "runs": len(runs),
        "passes": len(runs[0]),
        "mean": found.mean,
        "machine_sd": math.sqrt(found.between),
        "pass_sd": math.sqrt(found.within),
        "job_sd": job_sd,
        "job_sd_upper": upper,
        "relative_job_sd_upper": upper / found.mean,
        "tolerance_factor": st.tolerance_factor(len(runs), 0.95, CONFIDENCE),
        "gates": gate_noise(summaries),
    }


def gate_noise(summaries: Sequence[Json]) -> Json:
    """For each gate: mean and sd over the runs, how often the next honest run would miss its limit, and the tightest limit
    that the family of gates allows: together they may refuse one honest run in a hundred (FAMILY)."""
    noise: Json = {}
    level = st.gate_level(FAMILY, len(summaries[0]["gates"]))
    for gate in summaries[0]["gates"]:
        values = [g["value"] for s in summaries for g in s["gates"] if g["id"] == gate["id"] and g["value"] is not None]
        if len(values) < 2:
            continue
        mean, sd = sum(values) / len(values), math.sqrt(st.sample_variance(values))
        distance = abs(mean - gate["limit"]) / sd if sd else None
        held = sum(g["pass"] for s in summaries for g in s["gates"] if g["id"] == gate["id"])
        about = {"missed": missed(gate, values), "tightest": tightest(gate, values, level)}
        noise[gate["id"]] = {"mean": mean, "sd": sd, "limit": gate["limit"], "sds_to_limit": distance, "held": held, **about}
    return noise


def _next_run(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and the scale by which one more value scatters around it (Student's t; Hahn and Meeker 1991, 4.7)."""
    return sum(values) / len(values), math.sqrt(st.sample_variance(values) * (1 + 1 / len(values)))


def missed(gate: Json, values: Sequence[float]) -> float | None:
    """Chance that one more honest run misses the limit; None where the runs do not differ."""
    mean, scale = _next_run(values)
    if scale == 0:
        return None
    room = (mean - gate["limit"]) / scale * (1 if gate["op"].startswith(">") else -1)
    return 1 - st.t_cdf(room, len(values) - 1)


def tightest(gate: Json, values: Sequence[float], level: float) -> float | None:
    """The limit that one more honest run misses with `level`; None where the runs do not differ."""
    mean, scale = _next_run(values)
    if scale == 0:
        return None
    return mean - st.t_quantile(1 - level, len(values) - 1) * scale * (1 if gate["op"].startswith(">") else -1)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hub", required=True)
    parser.add_argument("--flavor", required=True)
    parser.add_argument("--date", required=True)
    parser.add_argument("summaries", type=Path, nargs="+")
    args = parser.parse_args(argv)
    summaries = [json.loads(path.read_text(encoding="utf-8")) for path in args.summaries]
    measured = calibrate(summaries)
    where = {"hub": args.hub, "flavor": args.flavor, "date": args.date, "submission_sha256": same_submission(summaries)}
    write_atomic(args.out, {"schema": 1, **where, **measured})
    print(json.dumps(measured))
    return 0


def same_submission(summaries: Sequence[Json]) -> str:
    """Content hash of what was run; runs of different submissions are no A/A runs."""
    hashes = {s["provenance"]["submission_sha256"] for s in summaries}
    if len(hashes) != 1:
        raise ValueError("the runs are not of one and the same submission")
    found: str = hashes.pop()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
