"""The measuring and judging parts that the harness of a challenge is made of. Python standard library only."""

VERSION = "1"
