"""Writes files until the disk is full."""

import os
import time

number = 0
while True:
    with open(os.path.join(os.environ["HOME"], str(number)), "wb") as stream:
        stream.write(bytes(1 << 24))
    number += 1
    time.sleep(0.005)
