"""What our own people filled in since a report came in, each in its own element: taken from the report that the case
alone would make, into the one part of the received report that can be meant."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from types import MappingProxyType

from .elements import elements
from .layout import plans
from .model import Icsr, Section
from .references import ASSESSMENT, DRUG, REACTION

_DOSAGE, _DEVICE, _OTHER_IDS = "G.k.4.r", "FDA.G.k.12.r", "C.1.9.1.r"
_HISTORY, _DOSE_IN_WORDS, _ROUTE, _ROUTE_CODE = "D.7.2", "G.k.4.r.8", "G.k.4.r.10.1", "G.k.4.r.10.2b"
# Dates of one node: where one of them stands in the longer form of a time, all do.
_TIMES = (("E.i.4", "E.i.5", "E.i.6a", "E.i.6b"), ("G.k.4.r.4", "G.k.4.r.5", "G.k.4.r.6a", "G.k.4.r.6b"))
_INTERVAL = "G.k.4.r.2"
_OF_NOTHING = ("xsi:type", "nullFlavor")
# Who assessed, how, with which result.
_OPINION = ("G.k.9.i.2.r.1", "G.k.9.i.2.r.2", "G.k.9.i.2.r.3")
Parts = tuple[Section, Section] | None


def replace_value(section: Section, element: str, text: str | None, null: str = "") -> None:
    """Put a value in place of the one there, with nothing left of what was said beside that one."""
    place = _place(section, element)
    clear_marks(section, (element,))
    section.values.pop(element, None)
    section.put(element, text, null=null, place=place)


def _place(section: Section, element: str) -> int:
    if element in section.values:
        return section.values[element].place
    group = next((one for one in _TIMES if element in one), ())
    beside = next((section.values[one].place for one in group if one in section.values), None)
    if beside is not None:
        return beside
    interval = section.values.get(_INTERVAL)
    return 1 if group and interval is not None and interval.place == 0 else 0


def clear_marks(section: Section, replaced: Iterable[str]) -> None:
    """Forget attributes beside values that are about to be replaced, and of what stands around them that there is
    nothing, or something of another type."""
    wanted = set(replaced)
    for path, node in plans()[section.name].nodes.items():
        if any(slot.element in wanted for slot in node.slots):
            section.marks.pop(path, None)
            for above in accumulate(path.split("/")[:-1], "{}/{}".format):
                if marks := section.marks.get(above):
                    section.marks[above] = tuple(one for one in marks if one[0] not in _OF_NOTHING)


def lay_detail(field: str, report: Icsr, own: Icsr) -> bool:
    """Whether a field of the details stands in the report now; not where its element or the part meant is not certain,
    or where the case says nothing that fits."""
    if field.startswith(("naranjo_", "five_item_")):
        return _assessment(report, own, "Naranjo" if field.startswith("naranjo_") else "NMPA")
    if field in _VALUES:
        found, names = _VALUES[field]
        return _copy(found(report, own), names)
    if field in _TEXTS:
        found, name = _TEXTS[field]
        return _append(found(report, own), name)
    if field in _SECTIONS:
        found, name = _SECTIONS[field]
        return _add(found(report, own), name)
    return _route(_dosages(report, own)) if field == "route" else False


def _whole(report: Icsr, own: Icsr) -> Parts:
    return report, own


def _pair(theirs: list[Section], ours: list[Section]) -> Parts:
    return (theirs[0], ours[0]) if len(theirs) == 1 and ours else None


def _reactions(report: Icsr, own: Icsr) -> Parts:
    return _pair(report.each("E.i"), own.each("E.i"))


def _reporters(report: Icsr, own: Icsr) -> Parts:
    return _pair([one for one in report.each("C.2.r") if one.text("C.2.r.5") == "1"], own.each("C.2.r"))


def _drugs(report: Icsr, own: Icsr) -> Parts:
    return _pair(suspects(report), own.each("G.k"))


def suspects(report: Icsr) -> list[Section]:
    """The products that are suspected."""
    return [one for one in report.each("G.k") if one.text("G.k.1") in ("1", "3")]


def _dosages(report: Icsr, own: Icsr) -> Parts:
    drugs = _drugs(report, own)
    if drugs is None or not drugs[1].each(_DOSAGE):
        return None
    theirs, ours = drugs[0].each(_DOSAGE), drugs[1].each(_DOSAGE)[0]
    return _pair(theirs or [drugs[0].add(_DOSAGE)], [ours])


def _devices(report: Icsr, own: Icsr) -> Parts:
    drugs = _drugs(report, own)
    return _pair(drugs[0].each(_DEVICE), drugs[1].each(_DEVICE)) if drugs else None


_VALUES: Mapping[str, tuple[Callable[[Icsr, Icsr], Parts], tuple[str, ...]]] = MappingProxyType({
    "age": (_whole, ("D.2.2a", "D.2.2b")), "age_unit": (_whole, ("D.2.2a", "D.2.2b")), "weight_kg": (_whole, ("D.3",)),
    "height_cm": (_whole, ("D.4",)), "died_on": (_whole, ("D.9.1",)), "event_ended_on": (_reactions, ("E.i.5",)),
    "event_country": (_reactions, ("E.i.9",)), "qualification": (_reporters, ("C.2.r.4",)),
    "reporter_country": (_reporters, ("C.2.r.3",)), "action_taken": (_drugs, ("G.k.8",)),
    "dose": (_dosages, ("G.k.4.r.1a", "G.k.4.r.1b")), "dose_unit": (_dosages, ("G.k.4.r.1a", "G.k.4.r.1b")),
    "use_began_on": (_dosages, ("G.k.4.r.4",)), "use_ended_on": (_dosages, ("G.k.4.r.5",)),
    "operator": (_devices, ("FDA.G.k.12.r.10",)), "is_reused": (_devices, ("FDA.G.k.12.r.8",))})
_TEXTS: Mapping[str, tuple[Callable[[Icsr, Icsr], Parts], str]] = MappingProxyType({
    **dict.fromkeys(("history", "earlier_reactions", "family_reactions"), (_whole, _HISTORY)),
    **dict.fromkeys(("dose_text", "frequency"), (_dosages, _DOSE_IN_WORDS))})
_SECTIONS: Mapping[str, tuple[Callable[[Icsr, Icsr], Parts], str]] = MappingProxyType({
    "death_cause": (_whole, "D.9.2.r"), "tests": (_whole, "F.r"), "facility_report_number": (_whole, _OTHER_IDS),
    "purpose": (_drugs, "G.k.7.r"), "remedial_actions": (_devices, "FDA.G.k.12.r.11.r"),
    "codes_a": (_devices, "FDA.G.k.12.r.3.r")})


def _copy(parts: Parts, names: tuple[str, ...]) -> bool:
    if parts is None or not all(parts[1].text(name) for name in names):
        return False
    theirs, ours = parts
    for name in names:
        replace_value(theirs, name, ours.text(name))
    if "D.9.1" in names and not theirs.has("D.9.3"):
        theirs.put("D.9.3", None, null="UNK")
    return True


def _append(parts: Parts, name: str) -> bool:
    """Put a text behind the one there."""
    text = parts[1].text(name) if parts else ""
    if parts is None or not text:
        return False
    before = parts[0].text(name)
    whole = before if text in before else "\n".join(filter(None, (before, text)))
    if len(whole) > (elements()[name].length or len(whole)):
        return False
    replace_value(parts[0], name, whole)
    return True


def _add(parts: Parts, name: str) -> bool:
    """Add the sections of that name which are not there yet."""
    if parts is None or not parts[1].each(name):
        return False
    theirs, ours = parts
    known = [one.values for one in theirs.each(name)]
    theirs.sections.setdefault(name, []).extend(one for one in ours.each(name) if one.values not in known)
    if name == _OTHER_IDS:
        replace_value(theirs, "C.1.9.1", "true")
    return True


def _route(parts: Parts) -> bool:
    """A route in words does not stand beside another one by code."""
    return parts is not None and not parts[0].has(_ROUTE_CODE) and _copy(parts, (_ROUTE,))


def _assessment(report: Icsr, own: Icsr, method: str) -> bool:
    drugs, reactions = _drugs(report, own), report.each("E.i")
    if drugs is None:
        return False
    made = next((one for one in drugs[1].each(ASSESSMENT) if one.text(_OPINION[1]) == method), None)
    return made is not None and assess(drugs[0], reactions, {name: made.text(name) for name in _OPINION})


def assess(drug: Section, reactions: list[Section], said: Mapping[str, str]) -> bool:
    """Put an opinion of ours beside those of the drug, where it can only be about one reaction."""
    if len(reactions) != 1 or not drug.has(DRUG) or not reactions[0].has(REACTION):
        return False
    if not any(all(one.text(name) == text for name, text in said.items()) for one in drug.each(ASSESSMENT)):
        made = drug.add(ASSESSMENT)
        for name, text in {DRUG: drug.text(DRUG), "G.k.9.i.1": reactions[0].text(REACTION), **said}.items():
            made.put(name, text)
    return True
