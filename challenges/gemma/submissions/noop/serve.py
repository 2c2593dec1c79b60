"""Does nothing: no server, no answer. A harness that measures this measures nothing."""
