"""The evaluator of a challenge: takes results from the server's queue, runs the harness on them, reports how it ended."""
