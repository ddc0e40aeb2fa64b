"""Which form goes to which authority, and how its numbers are written. Pure."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from traceapp.export.case_report import CaseReport, Organisation, RenderedReport


class Form(Protocol):
    """A form that a case can be written into; the first of `formats` is what its authority takes."""

    @property
    def name(self) -> str:
        """As in `emdr`."""

    @property
    def formats(self) -> Sequence[str]:
        """As in `xml`, `pdf`."""

    def render(self, case: CaseReport, fmt: str) -> RenderedReport:
        """The filled form, with what its checks found."""

    def message_id(self, data: bytes) -> str:
        """The id in a filled form by which an authority answers it; empty where the form has none."""


# Jurisdiction -> kind of product -> the forms that its authority takes, the usual one first.
_WANTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "CN": {"device": ("nmpa-device",), "ivd": ("nmpa-device",), "drug": ("e2b-r3", "nmpa-drug"),
           "cosmetic": ("nmpa-cosmetic",)},
    "US": {"device": ("emdr",), "ivd": ("emdr",), "drug": ("e2b-r3",)},
    "EU": {"device": ("mir",), "ivd": ("mir",), "drug": ("e2b-r3",)},
    "GB": {"device": ("mir",), "ivd": ("mir",), "drug": ("e2b-r3",)},
}
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {"drug": ("e2b-r3",)}
_LONGEST_NAME = 20


def forms_for(jurisdiction: str, product_kind: str, known: Iterable[str]) -> tuple[str, ...]:
    """Every known form, those that the authority takes for such a product first."""
    wanted = _WANTED.get(jurisdiction, _ELSEWHERE).get(product_kind, ())
    names = list(known)
    return tuple([name for name in wanted if name in names] + sorted(name for name in names if name not in wanted))


def series_of(form: str, sender: Organisation, at: datetime) -> str | None:
    """The name of the series that a new number is taken from; None where the number follows from the case.

    Source: 21 CFR 803.52 (f)(1): registration number of the manufacturer, year, sequence number.
    """
    registration = sender.ids.get("fei") or sender.ids.get("cfn")
    return f"{registration}-{at:%Y}" if form == "emdr" and registration else None


def number_of(form: str, sender: Organisation, reference: str, series: tuple[str, int] | None) -> str:
    """The number by which the authority will know the case; `series` with the number that was taken from it.

    Source: ICH E2B(R3) C.1.1: country, company, number of the case.
    """
    if series is not None:
        return f"{series[0]}-{series[1]:05d}"
    if form == "e2b-r3":
        return "-".join((sender.country or "XX", _company(sender), reference))
    return reference


def _company(sender: Organisation) -> str:
    letters = re.sub(r"[^A-Z0-9]", "", (sender.ids.get("e2b") or sender.name_en).upper())
    return letters[:_LONGEST_NAME] or "SENDER"
