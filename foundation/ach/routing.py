"""Routing numbers of banks."""

import re

WEIGHTS = (3, 7, 1) * 3
DISTRICTS = re.compile(r"0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]")
"""First two digits of banks and of thrifts, on paper and electronic; 00 is the Treasury, 80 traveler's checks."""


def is_routing_number(text: str) -> bool:
    """
    Tell whether these nine digits can be the routing number of a bank.

    Source: American Bankers Association, Routing Number Policy: the digits weighed 3, 7, 1, 3, 7, 1, 3, 7, 1 add up to
    a multiple of ten. Whether such a bank exists is not known here.
    """
    if not re.fullmatch(r"[0-9]{9}", text) or not DISTRICTS.match(text):
        return False
    return sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=True)) % 10 == 0
