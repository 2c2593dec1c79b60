"""Who is at fault when a run ends without a measurement."""

from __future__ import annotations


class SubmissionFault(Exception):
    """The submission is at fault: exit code 3, the reason goes into summary.json, as one printable line."""

    def __init__(self, reason: str) -> None:
        super().__init__(printable(reason))


def printable(text: str) -> str:
    """One line, whatever a submission calls its files and keys; what cannot be shown is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class HarnessFault(Exception):
    """The harness or the platform is at fault: exit code 1, nothing counts against the submission."""


EXIT_MEASURED = 0
EXIT_HARNESS = 1
EXIT_SUBMISSION = 3
