"""How well a share is known from a few trials: the exact binomial interval."""

import math
from collections.abc import Callable

_STEPS = 60


def compute_exact_interval(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a share, from `right` of `n` independent trials.

    It covers the true share at least as often as `level` says, also for few trials and for shares near 0 or 1.

    Args:
        right: trials that succeeded.
        n: trials.
        level: how often the interval has to hold the truth, between 0 and 1.

    Returns:
        Lower and upper bound, both in [0, 1]; (0, 1) for no trials.

    Raises:
        ValueError: `right` is not between 0 and `n`.

    Source:
        Clopper & Pearson, Biometrika 26, 1934.
    """
    if not 0 <= right <= n:
        raise ValueError(f"{right} right of {n}: expected 0 to {n}")
    tail = (1.0 - level) / 2.0
    low = 0.0 if right == 0 else _solve(lambda share: _tail_from(right, n, share), tail)
    high = 1.0 if right == n else 1.0 - _solve(lambda share: _tail_from(n - right, n, share), tail)
    return low, high


def _tail_from(least: int, n: int, share: float) -> float:
    """P(X >= least) for X binomial with n trials and this share; rises with the share."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if least <= 0 or share >= 1.0 else 0.0
    return math.fsum(math.exp(_log_term(k, n, share)) for k in range(least, n + 1))


def _log_term(k: int, n: int, share: float) -> float:
    choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choices + k * math.log(share) + (n - k) * math.log1p(-share)


def _solve(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
