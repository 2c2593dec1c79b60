"""Takes memory until there is none left."""

import os
import time

held = []
while True:
    held.append(os.urandom(1 << 20) * 64)
    time.sleep(0.005)
