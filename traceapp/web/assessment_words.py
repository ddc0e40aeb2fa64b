"""The fields of an assessment as people read them: titles, values, choices, and what answers come to."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from traceapp.adverse_event.causality import device_relation, five_item_result, naranjo_score, naranjo_word
from traceapp.adverse_event.details import GROUPS, Field, fields, fields_for, partial_date, row_fields
from traceapp.complaint.terms import terms
from traceapp.export.line_listing import masked_text

from . import words
from .i18n import LANGUAGES, language
from .ui import display

_ = lazy_gettext
GROUP_TITLES = {
    "patient": _("Patient"), "event": _("Event"), "use": _("Use of the product"), "reporter": _("Who told us"),
    "assessment": _("Assessment"), "cause": _("Cause and measures")}
CHANGE_KINDS: words.Words = {
    "assessment": (_("Assessment"), "plain"), "followup": (_("News"), "info"), "amendment": (_("Correction"), "check"),
    "close": (_("Close"), "plain"), "reopen": (_("Reopen"), "plain"), "nullify": (_("Nullify"), "check"),
    "lot_bound": (_("Batch"), "plain"), "linked": (_("Linked"), "plain")}
EXPECTEDNESS: words.Words = {
    "expected": (_("Expected: what is said with the product tells of it"), "plain"),
    "unexpected": (_("Not expected"), "check"), "unknown": (_("Not known: counts as not expected"), "plain")}
_NARANJO = {"definite": _("definite"), "probable": _("probable"), "possible": _("possible"), "doubtful": _("doubtful")}
_FIVE_ITEM = {
    "certain": _("Certainly related"), "probable": _("Very likely related"), "possible": _("Possibly related"),
    "unlikely": _("Possibly not related"), "pending": _("Still to be assessed"),
    "unassessable": _("Cannot be assessed for lack of data")}
# The main fields -> (their name, the table of their codes).
MAIN: dict[str, tuple[Any, Any]] = {
    "lot_key": (_("Batch"), None), "product_id": (_("Product"), None), "consignee_id": (_("Consignee"), None),
    "awareness_at": (_("We learned of it"), None), "latest_awareness_at": (_("We learned of the latest news"), None),
    "onset_on": (_("Began on"), None), "onset_precision": (_("How exactly the day is known"), words.PRECISIONS),
    "age_band": (_("Age"), words.AGE_BANDS), "sex": (_("Sex"), words.SEXES), "terms": (_("What happened"), "terms"),
    "seriousness": (_("Serious because"), words.CRITERIA), "is_serious": (_("Serious"), None),
    "outcome": (_("Outcome"), words.OUTCOMES), "expectedness": (_("To be expected?"), EXPECTEDNESS),
    "causality": (_("Causality"), words.CAUSALITIES), "narrative": (_("Description"), None),
    "use_text": (_("How it was used"), None), "state": (_("State"), words.EVENT_STATES)}
# What takes the whole width of a form.
_WIDE = frozenset({"long", "choices", "codes", "meddra", "rows"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as a form shows it; `options` (code, word) of a choice; `parts` the fields of a row."""

    name: str
    type: str
    title: str
    hint: str
    options: tuple[tuple[str, str], ...]
    parts: tuple[Shown, ...] = ()


def shown_fields(kind: str | None, kept: Mapping[str, Any], *,
                 has_meddra: bool = False) -> dict[str, list[list[Shown]]]:
    """What a form for this kind of product shows, group by group, in rows: short fields side by side. Fields for MedDRA
    stand there where a release is in force, or where they have a value."""
    groups: dict[str, list[list[Shown]]] = {group: [] for group in GROUPS}
    wanted = {field.name for field in fields_for(kind, kept)}
    for field in fields().values():
        if not (has_meddra or field.name in kept if field.type == "meddra" else field.name in wanted):
            continue
        if field.type == "release":
            continue
        rows, one = groups[field.group], _shown(field)
        if field.type in _WIDE or not rows or rows[-1][-1].type in _WIDE:
            rows.append([one])
        else:
            rows[-1].append(one)
    return groups


def _shown(field: Field) -> Shown:
    options = tuple((code, gettext(title)) for code, title in field.choices.items())
    if field.type == "flag":
        options = (("yes", gettext("Yes")), ("no", gettext("No")))
    parts = tuple(map(_shown, row_fields().values())) if field.type == "rows" else ()
    return Shown(field.name, field.type, gettext(field.title), gettext(field.hint) if field.hint else "", options,
                 parts)


def title_of(name: str) -> str:
    """What a field is called; one of the details is named `details.` and its own name."""
    if name.startswith("details."):
        field = fields().get(name.removeprefix("details."))
        return gettext(field.title) if field else name
    return str(MAIN[name][0]) if name in MAIN else name


def value_of(name: str, value: Any, named: Mapping[str, str]) -> str:
    """A value of a version as people read it; `named`: lots, products and parties by their ids, and
    what codes are called."""
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if name.startswith("details."):
        return _detail(name.removeprefix("details."), value, named)
    table = MAIN[name][1] if name in MAIN else None
    if table == "terms":
        return words.joined_words(words.term_names(value))
    if isinstance(value, list):
        return words.joined_words([words.word(table or {}, code) for code in value])
    if name == "onset_on":
        return display.day(date.fromisoformat(value), LANGUAGES[language()][0])
    if name in ("awareness_at", "latest_awareness_at"):
        return display.moment(datetime.fromisoformat(value), LANGUAGES[language()][0])
    return words.word(table, value) if table else named.get(value, str(value))


def _detail(name: str, value: Any, named: Mapping[str, str]) -> str:
    field = fields().get(name)
    if field is not None and field.type in ("codes", "meddra"):
        return words.joined_words([_code(code, named) for code in value])
    if field is not None and field.type == "rows":
        return "; ".join(_row(row) for row in value)
    if field is None or not field.choices and field.type not in ("date", "due"):
        return words.joined_words(value) if isinstance(value, list) else str(value)
    if field.type in ("date", "due"):
        return partial_day(value)
    codes = value if isinstance(value, list) else [value]
    return words.joined_words([gettext(field.choices.get(code, code)) for code in codes])


def _row(row: Mapping[str, Any]) -> str:
    """A product that was used at the same time: its name, then each further value with what it is called."""
    said = {**row, "dose": f"{row['dose']} {row['dose_unit']}"} if "dose" in row else row
    more = [gettext("%(field)s: %(value)s", field=gettext(field.title), value=_value(field, said[name]))
            for name, field in row_fields().items() if name in row and name not in ("name", "dose_unit")]
    return f"{row['name']} ({', '.join(more)})" if more else str(row["name"])


def _value(field: Field, value: Any) -> str:
    if field.choices:
        return gettext(field.choices.get(value, value))
    return partial_day(value) if field.type == "date" else " ".join(value) if isinstance(value, list) else str(value)


def _code(code: str, named: Mapping[str, str]) -> str:
    """A code with its name where one is known."""
    name = named.get(code) or next((getattr(term, language()) for term in terms().values() if term.imdrf == code), "")
    return f"{code} {name}".strip()


def as_known(first: date | None, precision: str) -> str:
    """A stored date as far as it is known, empty where it is not."""
    return first.isoformat()[:{"day": 10, "month": 7, "year": 4}[precision]] if first else ""


def partial_day(text: str) -> str:
    """A date as far as it is known, as people of the language write it; empty for none."""
    if not text:
        return ""
    first, precision = partial_date(text)
    if precision == "day":
        return display.day(first, LANGUAGES[language()][0])
    if language() == "zh":
        return f"{first.year}年{first.month}月" if precision == "month" else f"{first.year}年"
    return text


def masked_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details as an authority reads them: free text without telephone numbers and the like."""
    return {name: _masked(value) if name in fields() and fields()[name].type in ("text", "long", "list", "rows")
            else value for name, value in details.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: masked_text(one) if isinstance(one, str) and row_fields()[name].type == "text" else one
                for name, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [_masked(one) for one in value]
    return [masked_text(one) for one in value] if isinstance(value, list) else masked_text(value)


def details_by_group(details: Mapping[str, Any],
                     named: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(title of the group, [(title, value), …]) of the details that have a value; `named`: what codes are called."""
    found = []
    for group in GROUPS:
        pairs = [(gettext(field.title), value_of(f"details.{field.name}", details[field.name], named))
                 for field in fields().values() if field.group == group and field.name in details]
        if pairs:
            found.append((str(GROUP_TITLES[group]), pairs))
    return found


def results_of(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(scheme, result) of every scheme of causality that has an answer."""
    def answers(name: str, count: int) -> list[str]:
        return [details.get(f"{name}_{number}", "") for number in range(1, count + 1)]

    found: list[tuple[str, str]] = []
    points = naranjo_score(answers("naranjo", 10))
    if points is not None:
        word = str(_NARANJO[naranjo_word(points)])
        found.append((gettext("Naranjo"), ngettext("%(num)d point: %(word)s", "%(num)d points: %(word)s", points,
                                                   word=word)))
    result = five_item_result(answers("five_item", 5), can_be_completed=details.get("can_be_completed", True))
    if result:
        found.append((gettext("Chinese scheme, five questions"), str(_FIVE_ITEM[result])))
    relation = device_relation(answers("device_item", 3))
    if relation:
        title = fields()["device_relation"].choices[relation]
        found.append((gettext("Chinese scheme, three questions"), gettext(title)))
    return found


def typed_details(details: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The values as the fields of a form hold them."""
    found: dict[str, str | list[str]] = {}
    for name, value in details.items():
        if isinstance(value, bool):
            found[f"details-{name}"] = "yes" if value else "no"
        elif name in fields() and fields()[name].type in ("choices", "codes", "meddra"):
            found[f"details-{name}"] = list(value)
        elif name in fields() and fields()[name].type == "rows":
            found |= {f"details-{name}-{number}-{part}": list(said) if isinstance(said, list) else str(said)
                      for number, row in enumerate(value, 1) for part, said in row.items()}
        else:
            found[f"details-{name}"] = ", ".join(value) if isinstance(value, list) else str(value)
    return found


def names_of(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """(code, word) of kinds of change, for choosing one."""
    return [(kind, words.word(CHANGE_KINDS, kind)) for kind in kinds]
