"""Starts processes until there is no room for more."""

import os
import time

while True:
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        time.sleep(0.01)
