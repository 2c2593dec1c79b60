"""Who is at fault when a run ends without a measurement."""

from __future__ import annotations


class SubmissionFault(Exception):
    """The submission is at fault: exit code 3, the reason goes into summary.json."""


class HarnessFault(Exception):
    """The harness or the platform is at fault: exit code 1, nothing counts against the submission."""


EXIT_MEASURED = 0
EXIT_HARNESS = 1
EXIT_SUBMISSION = 3
