"""Tries to divide each number by every smaller one up to its root."""

import sys


def is_prime(number):
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return number > 1


for line in sys.stdin:
    print(sum(is_prime(number) for number in range(int(line))), flush=True)
