"""What is expected of a product, as the form on a signal's page shows it: reports per million units, per cent."""
from __future__ import annotations

from traceapp.surveillance.basis import Basis

MILLION = 1_000_000


def basis_typed(basis: Basis) -> dict[str, str]:
    """The numbers as texts of the form."""
    return {"rate_per_unit": f"{basis.rate_per_unit * MILLION:g}", "use_mean_days": f"{basis.delay.use_mean_days:g}",
            "report_shape": f"{basis.delay.report_shape:g}", "report_mean_days": f"{basis.delay.report_mean_days:g}",
            "alpha": f"{basis.alpha * 100:g}", "minimum_events": str(basis.minimum_events), "note": basis.note}
