"""Takes memory until there is none left."""

import os
import time

held = []
while True:
    held.append(bytearray(os.urandom(1 << 20)) * 16)
    time.sleep(0.005)
