"""When the number of scans says that a code may have been copied. Pure."""
from __future__ import annotations

from decimal import Decimal

# A pack is scanned by those who pack, sell, give and use it, some of them more than once; a code that is seen twenty
# times as often as there are packs hangs somewhere where it should not. Our own threshold, no law.
SCANS_PER_UNIT = 20
FEWEST_SCANS = 200


def is_unusual(scans: int, made: Decimal) -> bool:
    """Whether the code of a lot was scanned more often than its packs explain. `made` is in the lot's own unit."""
    return scans >= FEWEST_SCANS and scans > SCANS_PER_UNIT * max(made, Decimal(1))
