"""What kinds of findings about documents mean, for readers of another language than that of the findings."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traceapp.web.words import _

FINDING_WORDS: Mapping[str, Any] = {
    "bad-action": _("The action is none of OBSERVE, ADD, DELETE."),
    "bad-attribute": _("An attribute of master data has a value that cannot be one."),
    "bad-context": _("A context is a URI or an object of prefixes."),
    "bad-offset": _("The zone is not written as +08:00."),
    "bad-text": _("The text holds characters that cannot be stored."),
    "bad-type": _("This is no type of event."),
    "bad-uom": _("This is no code of a unit."),
    "bad-version": _("This is no version of the standard."),
    "class-among-instances": _("A product or batch stands where one thing with a number of its own belongs."),
    "document-type": _("A document type (DTD) is not read, for safety."),
    "empty-list": _("The list is empty."),
    "empty-value": _("The text is empty and is read as absent."),
    "ends-before-start": _("It ends before it starts."),
    "event-id-reused": _("An event with this identifier is stored already and says something else."),
    "epcis-invalid": _("The document is not sound."),
    "holds-itself": _("A container is said to be in itself."),
    "ilmd-not-allowed": _("Master data of a batch belongs to the action ADD only."),
    "instance-among-classes": _("One thing with a number of its own stands where a product or batch belongs."),
    "loose-text": _("Text stands where only elements belong."),
    "loose-uri": _("The URI has characters that must be escaped."),
    "min-above-max": _("The lowest reading is above the highest."),
    "missing-member": _("Something that is required is missing."),
    "names-nothing": _("The event names nothing."),
    "negative-quantity": _("The quantity is below zero."),
    "no-identifiers": _("The event must name what it is about."),
    "no-namespace": _("An extension needs a namespace."),
    "no-standard-context": _("The context of the standard is missing."),
    "not-a-list": _("A list is expected here."),
    "not-a-number": _("A number is expected here."),
    "not-a-time": _("A date and time with its zone is expected here."),
    "not-a-uri": _("A URI is expected here."),
    "not-an-object": _("An object is expected here."),
    "not-bare": _("The standard word is written as a long address."),
    "not-boolean": _("Only true or false is possible here."),
    "not-epcis": _("This is no EPCIS document."),
    "not-hexadecimal": _("Hexadecimal digits are expected here."),
    "not-in-xml": _("This cannot be written in XML."),
    "not-json": _("The file is no JSON that can be read."),
    "not-text": _("A text is expected here."),
    "not-xml": _("The file is no XML that can be read."),
    "other-version": _("It is read by the rules of EPCIS 2.0."),
    "parent-is-a-class": _("The container is a kind of thing, not one thing."),
    "repeated-element": _("This stands here once only."),
    "repeated-item": _("The same stands twice in the list."),
    "repeated-metadata": _("This was said for all readings already."),
    "set-and-unset": _("The same is set and taken back at once."),
    "too-deep": _("It is nested too deep."),
    "too-large": _("It is too large; send it in parts."),
    "undeclared-prefix": _("It is not said what a prefix means."),
    "unknown-member": _("The standard has no such member."),
    "uom-without-quantity": _("A unit stands without a quantity."),
    "uri-too-long": _("An identifier is too long."),
    "unusual-member": _("The standard has none in this kind of event."),
    "value-without-uom": _("A reading stands without its unit."),
}
_WORD = _("The word is not in the vocabulary of the standard.")
_IDENTIFIER = _("Something in the identifier is odd; it is kept as it is.")


def finding_word(code: str) -> Any:
    """What findings with this code say in general; codes of identifiers are those of GS1."""
    if code.startswith("unknown-") and code not in FINDING_WORDS:
        return _WORD
    return FINDING_WORDS.get(code, _IDENTIFIER)
