"""Ends at once: no answer. A harness that measures this measures nothing."""
