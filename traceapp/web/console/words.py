"""The words for what the tables name by a code, and small choices of language."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.adverse_event.details import fields
from traceapp.core.quantity import UNITS
from traceapp.trace.model import Lot
from traceapp.trace.policy import Verdict, VerdictFacts, verdict
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import unit as unit_word
from traceapp.web.words import DUTIES, joined_words, own_name

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
    "lot.received": _("Received"), "lot.produced": _("Made"),
    "lot.entered": _("Entered without its materials"), "lot.inspected": _("Inspected"),
    "lot.released": _("Released"), "lot.rejected": _("Rejected"), "lot.held": _("Put on hold"),
    "lot.freed": _("Hold lifted"), "lot.shipped": _("Shipped"), "lot.returned": _("Returned"),
    "lot.consumed": _("Used in a batch"), "lot.disposed": _("Disposed of"),
    "lot.excursion": _("Outside the storage limits"), "readings.recorded": _("Readings recorded"),
    "detection_basis.set": _("Expected reports set"),
    "detection_basis.fitted": _("Expected reports learnt from history"),
    "detection_basis.follow": _("History used for what is expected"),
    "detection_basis.refit_asked": _("History to be learnt anew"),
    "link.registered": _("Link added"), "link.changed": _("Link changed"), "link.withdrawn": _("Link withdrawn"),
    "file.added": _("File added"), "lot.file_added": _("File added"), "label.printed": _("Labels printed"),
    "label.print_ordered": _("Labels ordered to be printed"), "label.print_cancelled": _("Print job cancelled"),
    "label.fetched": _("File of labels fetched"),
    "serials.allocated": _("Serial numbers given out"),
    "task.raised": _("Task raised"), "task.done": _("Task done"), "task.dropped": _("Task dropped"),
    "task.assigned": _("Task assigned"), "task.due_earlier": _("Task due earlier"),
    "product.created": _("Product created"), "product.changed": _("Product changed"),
    "registration.added": _("Market added"), "registration.changed": _("Market changed"),
    "party.created": _("Partner created"), "party.changed": _("Partner changed"),
    "contact.added": _("Contact added"), "contact.changed": _("Contact changed"), "role.given": _("Role given"),
    "role.taken": _("Role taken away"), "site.created": _("Site created"), "site.changed": _("Site changed"),
    "user.created": _("User created"), "user.changed": _("User changed"),
    "user.scope_set": _("Scope set"), "user.medical_assessor": _("Medical assessor"),
    "user.signed_in": _("Signed in"), "user.signed_out": _("Signed out"),
    "user.sign_in_refused": _("Sign-in refused"), "user.language": _("Language changed"),
    "user.email": _("Address for calls changed"),
    "user.password_changed": _("Password changed"), "user.password_reset": _("One-time password given"),
    "user.password_set": _("Password set at the machine"),
    "token.created": _("Token made"), "token.revoked": _("Token revoked")}
# What the trail calls a value -> what people call it. What is not here is for machines and is not shown.
VALUES = {
    "number": _("Number"), "product": _("Product"), "quantity": _("Quantity"), "unit": _("Unit of quantity"),
    "retained": _("Retained samples"), "inputs": _("Out of"), "work_order": _("Work order"),
    "supplier": _("Supplier"), "supplier_lot": _("Supplier's lot"), "document": _("Document"),
    "report": _("Report"), "verdict": _("Verdict"), "results": _("Results"), "failed": _("Out of limits"),
    "sampled": _("Samples"), "before": _("Before"), "after": _("Afterwards"), "note": _("Note"),
    "reason": _("Reason"), "source": _("Source"), "consignee": _("Consignee"), "units": _("Units"),
    "copies": _("Copies"), "serials": _("Serial numbers"), "count": _("How many"), "text": _("The code holds"),
    "network": _("Network"), "href": _("Address"), "title": _("Title"),
    "media_type": _("Media type"), "languages": _("Languages"), "contexts": _("Contexts"),
    "default_use": _("Default link")}
# What the fields of forms are called, for the list of faults above a form.
FIELDS = {
    "product_id": _("Product"), "number": _("Number"), "quantity": _("Quantity"), "supplier_id": _("Supplier"),
    "received_at": _("Received"), "expires_on": _("Expiry date"), "made_on": _("Production date"),
    "file": _("File"), "report_number": _("Report number"), "inspected_at": _("Inspected"),
    "sample_size": _("Sample taken"), "made_at": _("Made"), "retained_samples": _("Retained samples"),
    "consignee_id": _("Consignee"), "document_number": _("Document"), "shipped_at": _("Shipped"),
    "returned_at": _("When"), "disposed_at": _("When"), "units": _("Units"), "reason": _("Reason"),
    "code": _("Code"), "kind": _("Kind"), "market": _("Market"), "origin": _("Country of origin"),
    "fda_product_code": _("FDA product code"), "language": _("Language"), "marketed_to": _("Sold until"),
    "name_zh": _("Name (Chinese)"), "name_en": _("Name (English)"), "country": _("Country"), "gln": _("GLN"),
    "email": _("E-mail"), "contact_name": _("First contact"), "time_zone": _("Time zone"), "name": _("Name"),
    "sign_in_name": _("Sign-in name"), "password": _("Password"),
    "present_password": _("Present password"), "new_password": _("New password"),
    "new_password_again": _("New password once more"), "role": _("Role"), "user_id": _("Speaks for"),
    "scopes": _("What it may do"), "anchor": _("Code"), "link_type": _("Kind of link"), "href": _("Address"),
    "title": _("Title"), "media_type": _("Media type"), "languages": _("Languages"), "contexts": _("Contexts"),
    "default_use": _("When does the code lead there?"), "recipe_output": _("The recipe makes"), "add": _("Lot"),
    "count": _("How many"), "prefix": _("Begins with"), "width": _("Digits"), "first": _("From number"),
    "purpose": _("What for"), "title_zh": _("Title (Chinese)"), "title_en": _("Title (English)"),
    "risk_zh": _("What can happen (Chinese)"), "risk_en": _("What can happen (English)"),
    "action_zh": _("What to do now (Chinese)"), "action_en": _("What to do now (English)"),
    "contact": _("Whom to ask"), "harm_so_far": _("Harm so far"), "conditions": _("What leads to harm"),
    "populations": _("Who is at risk"), "consequences": _("What follows at once"), "conclusion": _("Conclusion"),
    "seriousness": _("How grave at its worst"), "likelihood": _("How likely for somebody who uses it"),
    "proposed_class": _("Proposed class")} | {f"details-{name}": _(field.title) for name, field in fields().items()}
PRINT_STATES = {
    "queued": _("Waiting"), "running": _("Being printed"), "done": _("Done"), "failed": _("Failed"),
    "cancelled": _("Cancelled")}
DOUBTS = {
    "unknown_serial": _("Never given out"), "bad_signature": _("Signature is wrong"),
    "far_apart": _("In places far apart"), "too_often": _("Far too often"),
    "lot_too_often": _("More often than packs explain")}
STEPS = {
    "receiving": _("Receiving"), "inspecting": _("Inspecting"), "commissioning": _("Making"),
    "transforming": _("Making"), "storing": _("Storing"), "holding": _("Holding"), "shipping": _("Shipping"),
    "arriving": _("Arriving"), "accepting": _("Accepting"), "departing": _("Departing"),
    "transporting": _("Transporting"), "loading": _("Loading"), "unloading": _("Unloading"),
    "unpacking": _("Unpacking"), "decommissioning": _("Taken out of use"), "sensor_reporting": _("Measuring"),
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


def word_of(table: str, code: str) -> str:
    """The word of a code in one of the tables of staff pages, named as in code: DOUBTS, DUTIES."""
    return word({"DOUBTS": DOUBTS, "DUTIES": dict(DUTIES)}[table], code)


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


def told(data: Mapping[str, Any]) -> str:
    """What an entry of the trail holds, in one line for people."""
    parts = [f"{VALUES[name]}: {_plainly(value)}" for name, value in data.items()
             if name in VALUES and value not in (None, "", [], {})]
    return " · ".join(parts)


def _plainly(value: Any) -> str:
    if isinstance(value, dict):
        return told(value)
    if isinstance(value, list):
        return joined_words([_plainly(item) if not isinstance(item, list) else " ".join(map(str, item))
                             for item in value])
    return {"conforming": gettext("Conforms"), "non_conforming": gettext("Does not conform"),
            "pending": gettext("Not released"), "released": gettext("Released"), "rejected": gettext("Rejected"),
            "manual": gettext("by hand"), "no": gettext("No"), "default": gettext("Default"),
            "variant": gettext("Variant")}.get(str(value), str(value))


def step_word(uri: str | None) -> str:
    """A business step in words; its last part where there is none."""
    bare = (uri or "").replace("/", ":").rsplit(":", 1)[-1].rsplit("BizStep-", 1)[-1]
    return word(STEPS, bare) if bare else gettext("Event")
