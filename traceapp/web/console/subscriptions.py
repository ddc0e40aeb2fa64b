"""Who is told of events: the addresses that subscribed, how their deliveries stand, pausing and ending them."""
from __future__ import annotations

import json
from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.ids import new_secret
from traceapp.trace.named_queries import NewQuery, create_query, named_queries
from traceapp.trace.query_model import Subscription
from traceapp.trace.subscription_list import Standing, subscription_list
from traceapp.trace.subscriptions import Subscribe, pause, resume, subscribe, unsubscribe
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .exchange import exchange_tabs
from .layout import blueprint, page
from .words import options, step_word

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {name: "epcis.subscribe" for name in (
    "console.exchange_subscriptions", "console.exchange_subscription_new", "console.exchange_subscription_pause",
    "console.exchange_subscription_resume", "console.exchange_subscription_end")}

_ = lazy_gettext
NEW = "+"
TIMES: dict[str, Any] = {
    "stream": _("At once"), "hourly": _("Every hour"), "daily": _("Every day at 10:00 (Beijing)")}
# In UTC; the plant's zone is eight hours ahead.
_SCHEDULES = {"hourly": {"minute": "0"}, "daily": {"hour": "2", "minute": "0"}}
_STEPS = ("receiving", "commissioning", "packing", "shipping", "inspecting", "destroying")
_MOST_QUERIES = 500


@blueprint.get("/exchange/subscriptions")
def exchange_subscriptions() -> Response:
    """The list."""
    return _show()


def _show(status: int = 200, form: Entered | None = None, secret: str = "") -> Response:
    """The page; `secret`: what deliveries of a new subscription are signed with, this once."""
    with world().database.read() as session:
        found = subscription_list(session)
    return page("console/subscriptions.html", status, rows=found, form=form, secret=secret, time_word=_time_word,
                asked_words=_asked_words, tab_links=exchange_tabs("subscriptions"))


def _time_word(subscription: Subscription) -> str:
    if subscription.schedule is None:
        return str(TIMES["stream"])
    known = next((name for name, schedule in _SCHEDULES.items() if schedule == subscription.schedule), None)
    told = ", ".join(f"{name} {value}" for name, value in subscription.schedule.items())
    return str(TIMES[known]) if known else gettext("By the clock (UTC): %(when)s", when=told)


def _asked_words(row: Standing) -> str:
    """What a query asks for; of those made here in words, of others as they were sent."""
    parameters = row.parameters
    if not parameters:
        return gettext("All events")
    if set(parameters) == {"EQ_bizStep"} and isinstance(parameters["EQ_bizStep"], list):
        return " · ".join(step_word(step) for step in parameters["EQ_bizStep"])
    return json.dumps(parameters, ensure_ascii=False, default=str)


@blueprint.route("/exchange/subscriptions/new", methods=["GET", "POST"])
def exchange_subscription_new() -> Response:
    """Subscribe an address; what its deliveries are signed with is shown once, in the answer to this form."""
    form = Entered({"time": "stream"})
    with world().database.read() as session:
        queries = [query.name for query in named_queries(session, None, _MOST_QUERIES)]

    def again(status: int = 200) -> Response:
        return page("console/subscription_new.html", status, form=form, times=options(TIMES), new=NEW,
                    queries=[(name, name) for name in queries] + [(NEW, gettext("A new choice of events"))],
                    steps=[(step, step_word(step)) for step in _STEPS], chosen=form.several("steps"))

    if request.method == "GET":
        return again()
    query = form.choice("query", [*queries, NEW])
    name = form.text("name", required=True) if query == NEW else query
    dest, when = form.text("dest", required=True), form.choice("time", TIMES)
    steps = [step for step in form.several("steps") if step in _STEPS]
    secret, kept = new_secret(), list[str]()

    def act(session: Session) -> Done:
        here, who = world(), signed_in()
        if query == NEW:
            create_query(session, who, here.clock, NewQuery(name, {"EQ_bizStep": steps} if steps else {}))
        wanted = {"dest": dest, "signatureToken": secret}
        wanted |= {"stream": True} if when == "stream" else {"schedule": _SCHEDULES[when]}  # type: ignore[dict-item]
        subscribe(session, who, here.clock, Subscribe(name, wanted, here.settings.development), vault=here.vault)
        kept.append(secret)
        return Done(url_for("console.exchange_subscriptions"), gettext("From now on the address is told."))

    answer = perform(form, act, Refusal(again))
    return _show(secret=kept[0]) if kept else answer


@blueprint.post("/exchange/subscriptions/<subscription_id>/pause")
def exchange_subscription_pause(subscription_id: str) -> Response:
    """Let it rest."""
    return _changed(lambda session: pause(session, signed_in(), world().clock, subscription_id),
                    gettext("The address is told of nothing new until you resume."))


@blueprint.post("/exchange/subscriptions/<subscription_id>/resume")
def exchange_subscription_resume(subscription_id: str) -> Response:
    """Go on, with what was recorded meanwhile."""
    return _changed(lambda session: resume(session, signed_in(), world().clock, subscription_id),
                    gettext("The address is told again, first of what was recorded meanwhile."))


@blueprint.post("/exchange/subscriptions/<query_name>/<subscription_id>/end")
def exchange_subscription_end(query_name: str, subscription_id: str) -> Response:
    """End it."""
    return _changed(lambda session: unsubscribe(session, signed_in(), world().clock, query_name, subscription_id),
                    gettext("The address is told of nothing more."))


def _changed(change: Any, said: str) -> Response:
    form = Entered()

    def act(session: Session) -> Done:
        change(session)
        return Done(url_for("console.exchange_subscriptions"), said)

    return perform(form, act, Refusal(lambda status: _show(status, form)))
