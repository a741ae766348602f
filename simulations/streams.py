"""Random numbers that stay the same whatever is decided: one counter-based stream per purpose."""

from hashlib import blake2b
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

_WORD = 2**64


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the stream of ``purpose`` under ``seed``.

    Two policies that ask for the same purposes see the same trucks: what one draws for travel
    never shifts what another draws for screening (common random numbers).
    """
    word = int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "big")
    return np.random.Generator(np.random.Philox(key=np.array([seed % _WORD, word], np.uint64)))


def lognormal(rng: np.random.Generator, mean: float, cv: float, size: int) -> Column:
    """Draw lognormal values by their mean and coefficient of variation, shape [size]."""
    variance = log(1 + cv * cv)
    return rng.lognormal(log(mean) - variance / 2, sqrt(variance), size)
