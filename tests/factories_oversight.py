"""A house that sells at home and in Germany, seen by regulators with different scopes."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import PASSWORD, make_user
from tests.factories_cases import STAFF, assessed, world_of
from tests.factories_complaint import scanned
from tests.factories_recall import TEXTS, House, make_house, running
from tests.factories_reports import Desk, make_desk
from tests.factories_web import Browser, Console
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.attachment.service import attachments_of
from traceapp.catalog.model import Party
from traceapp.catalog.service import NewProduct, create_product
from traceapp.core.actor import SYSTEM
from traceapp.identity.model import User
from traceapp.identity.policy import permissions_of
from traceapp.identity.service import NewToken, create_token, prove_password, sign_in
from traceapp.oversight.setting import SetScope, set_scope
from traceapp.recall.model import Recall
from traceapp.submission.report_model import Report


@dataclass(frozen=True, slots=True)
class Abroad:
    """The clinic is in Germany: `inside` happened with a batch that went there, `outside` with one that stayed at home.
    One recall of each; of `inside` one report to Europe and one to China. `mask` is a product without a case."""

    console: Console
    house: House
    inside: AdverseEvent
    outside: AdverseEvent
    recall: Recall
    home_recall: Recall
    report: Report
    home_report: Report
    mask_id: str

    def regulator(self, name: str, jurisdictions: tuple[str, ...], products: tuple[str, ...] = ()) -> User:
        """An account with this scope; without a jurisdiction it has none."""
        make_user(self.console.database, self.console.clock, "regulator", name)
        with self.console.database.write() as session:
            user = session.scalars(select(User).where(User.sign_in_name == name)).one()
            if jurisdictions:
                return set_scope(session, SYSTEM, self.console.clock, SetScope(user.id, jurisdictions, products))
            user.jurisdictions = []
            return user

    def browser(self, user: User) -> Browser:
        """The browser in which this account is signed in."""
        found = Browser(self.console.app, self.console.app.test_client())
        with self.console.database.write() as session:
            token = sign_in(session, self.console.clock,
                            prove_password(session, user.sign_in_name, PASSWORD), "test").token
        with found.client.session_transaction() as cookie:
            cookie["token"] = token
        return found

    def machine(self, user: User) -> FlaskClient:
        """A machine with a token of this account that has all its permissions."""
        with self.console.database.write() as session:
            _, text = create_token(session, SYSTEM, self.console.clock, NewToken(
                "machine", user.id, tuple(permissions_of("regulator"))))
        client = self.console.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
        return client

    def key(self, kind: str, *, inside: bool) -> str:
        """The id of the thing of this kind that Europe sees, or of the one that it does not."""
        things: dict[str, tuple[Any, Any]] = {
            "adverse_event": (self.inside.id, self.outside.id), "recall": (self.recall.id, self.home_recall.id),
            "report": (self.report.id, self.home_report.id),
            "lot": (self.house.second.lot_key, self.house.other.lot_key)}
        return str(things[kind][0 if inside else 1])

    def attachment_of(self, report: Report) -> str:
        """A file that hangs on a report."""
        with self.console.database.read() as session:
            return attachments_of(session, f"report:{report.id}")[0].id


def make_abroad(console: Console) -> Abroad:
    """The story, by the product's own use cases."""
    house = make_house(console.database, console.clock)
    with console.database.write() as session:
        session.get_one(Party, house.maker.clinic.id).country = "DE"
        mask = create_product(session, house.writer, console.clock, NewProduct(
            "MASK", "device", "口罩", "Mask", "EA"))
    inside, outside = (assessed(console, lot=scanned(lot)) for lot in (house.second, house.other))
    with console.database.write() as session:
        inside = assess_adverse_event(session, STAFF, console.clock, AssessAdverseEvent(
            inside.id, "the clinic called", terms=("redness",), seriousness=("hospitalised",), causality="probable",
            narrative="Taken to the ward for two days."))
    recalls = [running(console.database, console.clock, house, replace(TEXTS, root_lot_keys=(lot.lot_key,)))
               for lot in (house.second, house.other)]
    here = world_of(console)
    desk = Desk(console.database, console.clock, replace(make_desk(here.files.directory), store=here.files,
                                                         vault=here.vault))
    reports = [desk.sent(inside, jurisdiction=one) for one in ("EU", "CN")]
    return Abroad(console, house, inside, outside, recalls[0], recalls[1], reports[0], reports[1], mask.id)
