"""The words for what the tables name by a code, and small choices of language."""
from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.core.quantity import UNITS
from traceapp.trace.model import Lot
from traceapp.trace.policy import Verdict, VerdictFacts, verdict
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import unit as unit_word
from traceapp.web.words import own_name

_ = lazy_gettext

KINDS = {"device": _("Medical device"), "drug": _("Drug"), "cosmetic": _("Cosmetic"), "ivd": _("IVD"),
         "material": _("Material")}
LEVELS = {"unit": _("Single unit"), "inner": _("Inner pack"), "case": _("Shipping case"), "pallet": _("Pallet")}
PARTY_ROLES = {
    "registrant": _("Registrant"), "brand_owner": _("Brand owner"),
    "contract_manufacturer": _("Contract manufacturer"), "importer": _("Importer"),
    "representative": _("Representative"), "distributor": _("Distributor"), "user_facility": _("User facility"),
    "supplier": _("Supplier"), "carrier": _("Carrier"), "authority": _("Authority")}
VERDICTS = {
    "recalled": (_("Recalled"), "stop"), "rejected": (_("Rejected"), "stop"), "on_hold": (_("On hold"), "check"),
    "not_released": (_("Not released"), "check"), "expired": (_("Expired"), "stop"),
    "released": (_("Released"), "go")}
ACTIONS = {
    "lot.received": _("Received"), "lot.produced": _("Made"), "lot.inspected": _("Inspected"),
    "lot.released": _("Released"), "lot.rejected": _("Rejected"), "lot.held": _("Put on hold"),
    "lot.freed": _("Hold lifted"), "lot.shipped": _("Shipped"), "lot.returned": _("Returned"),
    "lot.consumed": _("Used in a batch"), "lot.disposed": _("Disposed of"),
    "file.added": _("File added"), "lot.file_added": _("File added"), "label.printed": _("Labels printed"),
    "task.raised": _("Task raised"), "task.done": _("Task done"), "task.dropped": _("Task dropped"),
    "task.assigned": _("Task assigned"), "task.due_earlier": _("Task due earlier"),
    "product.created": _("Product created"), "product.changed": _("Product changed"),
    "party.created": _("Partner created"), "party.changed": _("Partner changed"),
    "contact.added": _("Contact added"), "contact.changed": _("Contact changed"), "role.given": _("Role given"),
    "role.taken": _("Role taken away"), "site.created": _("Site created"), "site.changed": _("Site changed"),
    "user.created": _("User created"), "user.changed": _("User changed"),
    "user.signed_in": _("Signed in"), "user.signed_out": _("Signed out")}
STEPS = {
    "receiving": _("Receiving"), "inspecting": _("Inspecting"), "commissioning": _("Making"),
    "transforming": _("Making"), "storing": _("Storing"), "holding": _("Holding"), "shipping": _("Shipping"),
    "destroying": _("Destroying"), "packing": _("Packing"), "creating_class_instance": _("Making")}


def named(thing: Any) -> str:
    """The name in the reader's language, the other one where it is missing; empty for None."""
    return own_name(thing)


def options(words: dict[str, Any]) -> list[tuple[str, str]]:
    """The codes with their words, for choosing one."""
    return [(code, str(word[0] if isinstance(word, tuple) else word)) for code, word in words.items()]


def word(words: dict[str, Any], code: str) -> str:
    """The word of a code; the code itself where there is none."""
    found = words.get(code, code)
    return str(found[0] if isinstance(found, tuple) else found)


def unit_options(like: str | None = None) -> list[tuple[str, str]]:
    """The units that people choose from; `like`: only those that convert to it."""
    dimension = UNITS[like][0] if like in UNITS else None
    shown = [code for code in UNITS if code not in ("C62", "H87") and dimension in (None, UNITS[code][0])]
    return [(code, unit_word(code, current_locale())) for code in shown]


def facts_of(lot: Lot) -> VerdictFacts:
    """What the verdict about this lot depends on."""
    return VerdictFacts(lot.release_state, lot.is_recalled, lot.is_on_hold, lot.expires_on)


def verdict_of(lot: Lot, today: date) -> Verdict:
    """What the public is told about this lot today."""
    return verdict(facts_of(lot), today)


def action_word(action: str) -> str:
    """An act of the trail in words."""
    return word(ACTIONS, action)


def step_word(uri: str | None) -> str:
    """A business step in words; its last part where there is none."""
    bare = (uri or "").replace("/", ":").rsplit(":", 1)[-1].rsplit("BizStep-", 1)[-1]
    return word(STEPS, bare) if bare else gettext("Event")
