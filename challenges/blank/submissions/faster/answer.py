"""Marks the multiples of each prime instead of dividing (sieve of Eratosthenes)."""

import sys


def primes_below(n):
    sieve = bytearray([1]) * max(n, 2)
    sieve[:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, len(sieve), i)))
    return sum(sieve[:n])


for line in sys.stdin:
    print(primes_below(int(line)), flush=True)
