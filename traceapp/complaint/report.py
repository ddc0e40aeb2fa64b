"""What somebody reports, and what of it holds once every field was checked. Pure."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from traceapp.core.errors import InvalidInput
from traceapp.vault.policy import PersonDetails, check_guardian, cleaned_details

from .policy import (
    Affected,
    AgeBand,
    Sex,
    checked_awareness,
    checked_day,
    cleaned_text,
    is_minor,
    one_of,
)
from .seriousness import Harm, SeriousnessCriterion, criteria_of, severity_of
from .states import Severity
from .terms import known_terms, means_harm
from .triage import ComplaintKind, known_kinds

CHANNELS = ("consumer", "telephone", "email", "wechat", "hospital", "sales", "api", "file_import")
NARRATIVE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class LotGiven:
    """How the reporter named the lot: `lot_key` read from a code, or `text` as typed; `product_id` where known."""

    lot_key: str | None = None
    text: str = ""
    serial: str = ""
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class SubmitComplaint:
    """What came in. `seriousness`: plain answers or criteria; `awareness_at`: only where staff learned of it before
    now; `idempotency_key`: of the form, so that a second click is no second complaint; `source`: the network that
    it came from, already cut, for seeing bursts; `has_proof`: a proof of work was handed in."""

    channel: str
    narrative: str = field(repr=False)
    lot: LotGiven = LotGiven()
    terms: tuple[str, ...] = ()
    affected: str = "unknown"
    age_band: str = "unknown"
    sex: str = "unknown"
    harm: str = "unknown"
    seriousness: tuple[str, ...] = ()
    happened_on: date | None = None
    use_text: str = field(default="", repr=False)
    place: str = field(default="", repr=False)
    consignee_id: str | None = None
    contact: PersonDetails = field(default=PersonDetails(), repr=False)
    awareness_at: datetime | None = None
    idempotency_key: str = field(default="", repr=False)
    has_proof: bool = False
    source: str = field(default="", repr=False)
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """The fields of a report after every check, and what follows from them."""

    channel: str
    narrative: str = field(repr=False)
    lot: LotGiven
    terms: list[str]
    affected: Affected
    age_band: AgeBand
    sex: Sex
    harm: Harm
    criteria: tuple[SeriousnessCriterion, ...]
    severity: Severity
    happened_on: date | None
    awareness_at: datetime
    use_text: str = field(repr=False)
    place: str = field(repr=False)
    contact: PersonDetails | None = field(repr=False)
    is_minor: bool
    consignee_id: str | None = None
    kinds: tuple[ComplaintKind, ...] = ()

    @property
    def is_harm(self) -> bool | None:
        """Whether somebody was harmed; None where it was not said."""
        if self.harm is Harm.yes or self.criteria:
            return True
        return None if self.harm is Harm.unknown else False


def _checked_contact(details: PersonDetails, *, affected: Affected, minor: bool) -> PersonDetails | None:
    """The details, or None when the report is anonymous. Whoever reports for a child is its guardian."""
    cleaned = cleaned_details(details)
    if cleaned.is_empty():
        return None
    if minor and affected is Affected.my_child and not cleaned.guardian_name:
        cleaned = replace(cleaned, guardian_name=cleaned.name, name="")
    check_guardian(cleaned, is_minor=minor)
    return cleaned


def checked_report(command: SubmitComplaint, now: datetime) -> CheckedReport:
    """Every field as it will be kept, and the severity that the answers mean.

    Raises InvalidInput whose place is the name of the field.
    """
    if command.channel not in CHANNELS:
        raise InvalidInput("“%(value)s” is not one of: %(known)s.", code="unknown-value", place="channel",
                           value=command.channel[:40], known=", ".join(CHANNELS))
    affected = one_of(Affected, command.affected, place="affected")
    age_band = one_of(AgeBand, command.age_band, place="age_band")
    harm = one_of(Harm, command.harm, place="harm")
    terms = known_terms(list(command.terms))
    if means_harm(terms):
        harm = Harm.yes
    criteria = criteria_of(command.seriousness)
    minor = is_minor(affected, age_band)
    return CheckedReport(
        channel=command.channel,
        narrative=cleaned_text(command.narrative, place="narrative", limit=NARRATIVE_LIMIT, required=not terms),
        lot=replace(command.lot, text=cleaned_text(command.lot.text, place="lot", limit=200),
                    serial=cleaned_text(command.lot.serial, place="serial", limit=20)),
        terms=terms, affected=affected, age_band=age_band, sex=one_of(Sex, command.sex, place="sex"), harm=harm,
        criteria=criteria, severity=severity_of(criteria, harm),
        happened_on=checked_day(command.happened_on, now, place="happened_on"),
        awareness_at=checked_awareness(command.awareness_at, now),
        use_text=cleaned_text(command.use_text, place="use_text", limit=2000),
        place=cleaned_text(command.place, place="place", limit=200),
        contact=_checked_contact(command.contact, affected=affected, minor=minor), is_minor=minor,
        consignee_id=command.consignee_id, kinds=known_kinds(command.kinds))
