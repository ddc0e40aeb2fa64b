"""Console: what detection watches, one node with its curve, and the budget of false alarms."""
from __future__ import annotations

from collections.abc import Mapping

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.queries import all_products
from traceapp.core.errors import NotFound
from traceapp.signals.budget import SCREENS, stage_alpha
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.alarming import counts_named_only
from traceapp.surveillance.budget import KINDS, SetBudget, budget_state, budget_versions, set_budget
from traceapp.surveillance.judging import Judgement, Standing, judge
from traceapp.surveillance.watch_queries import WatchFilter, members_of, node_curve, tests_of, watched_page
from traceapp.web.cause_words import NODE_KINDS
from traceapp.web.context import actor, world
from traceapp.web.node_words import node_names
from traceapp.web.reading import given
from traceapp.web.words import own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .drifts import drift_rows
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, placed, wished
from .signal_pictures import counted_curve

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.watched": "signal.read", "console.watched_node": "signal.read", "console.alarm_budget": "signal.read",
    "console.alarm_budget_set": "surveillance.configure"}
_SHOWN_LOTS = 100
_NEAR = {"0.5": 0.5, "0.8": 0.8, "1": 1.0}
KINDS_OF_NODES: Mapping[str, object] = {**NODE_KINDS, SCREENS: lazy_gettext("Screens of terms")}
GROUPS: Mapping[str, object] = {
    SeverityGroup.harm: lazy_gettext("All reports of harm"), SeverityGroup.serious: lazy_gettext("Serious ones only")}
STANDINGS: Mapping[str, tuple[object, str]] = {
    Standing.alarm: (lazy_gettext("Beyond its line"), "stop"),
    Standing.unexposed: (lazy_gettext("Not yet: none known in use"), "check"),
    Standing.unprojected: (lazy_gettext("Not yet: after the nightly run"), "check"),
    Standing.too_small: (lazy_gettext("Judged on its nodes"), "plain"),
    Standing.beyond: (lazy_gettext("Not yet: next stage to begin"), "check")}
_NEAR_LINE = 0.8


def standing_words(seen: Judgement) -> tuple[object, str]:
    """What can be said of a test, and with which colour. Below the line it may still be more than expected."""
    if seen.standing != Standing.quiet:
        return STANDINGS[seen.standing]
    if seen.nearness >= _NEAR_LINE:
        return lazy_gettext("Near its line"), "check"
    return (lazy_gettext("Below its line") if seen.observed > seen.expected else lazy_gettext("As expected")), "plain"


@blueprint.get("/watched")
def watched() -> Response:
    """Every test, the nearest to its line first."""
    wanted = wished("kind", "group", "product", "near")
    kinds = list(NODE_KINDS)
    with world().database.read() as db:
        found = watched_page(db, WatchFilter(
            choice(wanted["kind"], kinds) or "", choice(wanted["group"], GROUPS) or "", wanted["product"],
            _NEAR.get(wanted["near"], 0.0), after=given("after") or None, limit=PAGE_ROWS))
        products = {product.id: product for product in all_products(db, only_active=False)}
        names = node_names(db, found.rows)
    on = world().clock.now().date()
    return case_page(
        "console/watched.html", found=found, wanted=wanted, listed=placed(found, "console.watched", wanted),
        products=products, seen={test.test_key: judge(test, test.observed, on) for test in found.rows},
        kinds=KINDS_OF_NODES, groups=GROUPS, said=standing_words, names=names,
        kind_choices=[(kind, str(NODE_KINDS[kind])) for kind in kinds],
        group_choices=[(group, str(text)) for group, text in GROUPS.items()],
        near_choices=[("0.5", _("Half of the way to the line, and more")), ("0.8", _("Near the line")),
                      ("1", _("Beyond the line"))],
        product_choices=[(key, own_name(product)) for key, product in products.items()])


@blueprint.get("/watched/<node_key>")
def watched_node(node_key: str) -> Response:
    """One node: both tests with their curves and numbers, and its lots."""
    on = world().clock.now().date()
    with world().database.read() as db:
        tests = tests_of(db, node_key)
        if not tests:
            raise NotFound("There is no such node under watch.")
        curves = {test.severity_group: node_curve(db, test, on) for test in tests}
        members = members_of(db, node_key, _SHOWN_LOTS)
        products = products_by_id(db, {one.lot.product_id for one in members if one.lot.product_id})
        names = node_names(db, tests)
        drifts = drift_rows(db, tests[0].subject) if tests[0].kind == NodeKind.supplier else []
    pictures = {group: counted_curve(curve) for group, curve in curves.items() if curve is not None}
    return case_page(
        "console/watched_node.html", node=tests[0], name=names[tests[0].node_key], tests=tests, pictures=pictures,
        curves=curves, seen={test.severity_group: judge(test, test.observed, on) for test in tests}, members=members,
        drifts=drifts, products=products, kinds=KINDS_OF_NODES, groups=GROUPS, said=standing_words,
        hidden_lots=tests[0].lots - len(members), named_only=counts_named_only(tests[0].kind), stage_alpha=stage_alpha)


@blueprint.get("/false-alarms")
def alarm_budget() -> Response:
    """What is promised, spent and left, and the form that sets it."""
    with world().database.read() as db:
        promise = budget_state(db, world().clock.now().date()).promise
    return _show_budget(Entered({"per_hundred_lots": f"{promise.per_hundred_lots:g}"} | {
        f"weight-{kind}": f"{promise.weights.get(kind, 0.0):g}" for kind in KINDS}))


def _show_budget(form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        state = budget_state(db, world().clock.now().date())
        versions = budget_versions(db)
    return case_page("console/alarm_budget.html", status, form=form, state=state, versions=versions,
                     kinds=KINDS_OF_NODES, names=KINDS)


@blueprint.post("/false-alarms")
def alarm_budget_set() -> Response:
    """Promise another number, or split it differently; tests that run keep what they were given."""
    form = Entered()
    per_hundred = float(form.amount("per_hundred_lots") or 0)
    weights = {kind: float(form.amount(f"weight-{kind}", positive=False) or 0) for kind in KINDS}

    def act(db: Session) -> Done:
        set_budget(db, actor(), world().clock, SetBudget(per_hundred, weights, form.text("reason"), form.revision()))
        return Done(url_for("console.alarm_budget"), _("The promise is set. Tests that run keep what they were given."))

    places = {kind: f"weight-{kind}" for kind in KINDS} | {"weights": f"weight-{KINDS[0]}"}
    return perform(form, act, Refusal(lambda status: _show_budget(form, status), places))
