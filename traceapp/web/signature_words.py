"""What a signature on a recall means."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

_ = lazy_gettext

SIGNED: Mapping[str, Any] = {
    "evaluated_quality": _("Evaluation signed for quality"), "evaluated_medical": _("Evaluation signed for medicine"),
    "decided": _("Decided for a recall"), "no_action": _("Signed: no recall is needed"), "submitted": _("Submitted"),
    "approved": _("Approved"), "terminated": _("Ended the recall"),
    "disposed": _("Signed what becomes of units"),
    "corrected": _("Corrected the public notice"), "withdrawn": _("Withdrew the public notice")}
