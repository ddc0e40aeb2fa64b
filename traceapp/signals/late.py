"""The line of a long surveillance once hundreds of events are expected, where exact values take minutes; closed form.

Between mu and g mu expected events, a Poisson count at its baseline rate ever has a log-likelihood ratio of `c` with
probability at most D exp(1 - c), D = ceil(ln g / ln(c / (c - 1))). Proof: cut the stretch into D slices whose ends are
in the ratio c / (c - 1). In a slice that ends at m, a ratio of c means at least x events for each expected one, where
m (x ln x - x + 1) = c. Under the rate ratio x the likelihood ratio is then at least exp(c (c - 1) / c) = exp(c - 1);
it is a martingale of mean 1, which by Ville's inequality gets there with probability at most exp(1 - c).
Source: Ville J, Étude critique de la notion de collectif, Paris 1939 (the inequality); the slices are worked out above.
"""
from __future__ import annotations

import math

from .errors import require_count, require_rate

GROWTH = 2.0


def late_critical_value(alpha: float, growth: float = GROWTH) -> float:
    """A critical value whose false-alarm rate while the expected count grows by the factor `growth` is at most
    `alpha`, wherever it begins. Never below the exact one; above it by one to two units."""
    require_rate(alpha, "alpha")
    slices = 1
    while True:
        critical = max(1.0 + 1e-9, 1.0 + math.log(slices / alpha))
        needed = math.ceil(math.log(growth) / math.log(critical / (critical - 1.0)))
        if needed <= slices:
            return critical
        slices = needed


def rate_margin(history: int, alpha: float) -> float:
    """The factor by which a rate that was learnt from `history` events is too low with probability `alpha` at most.

    Source: the exact upper limit of a Poisson mean, Garwood F, Biometrika 1936;28:437-442.
    """
    from scipy.special import gammainccinv

    history = require_count(history, "history", least=1)
    return max(1.0, float(gammainccinv(history, require_rate(alpha, "alpha"))) / history)
