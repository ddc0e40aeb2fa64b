"""The pages of a recall of ten thousand batches at ten thousand consignees, with as many consumers who were told,
beside the same pages of a recall of ten.

    TRACEAPP_BENCH_DATABASE=sqlite python3 dev.py bench recall_pages
    TRACEAPP_BENCH_DATABASE=postgresql python3 dev.py bench recall_pages

Each page as somebody gets it who is signed in, without the network. See `databases` for where the recalls are put.
"""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from flask.testing import FlaskClient

from traceapp.app import bind, make_routes
from traceapp.core.process import take_habits
from traceapp.identity.service import prove_password, sign_in
from traceapp.recall.model import Recall
from traceapp.world import World

from .databases import databases, say, settle
from .many_consignees import PASSWORD, make_case, submit_and_approve
from .many_consumers import add_consumers
from .registry import Row, benchmark
from .soak.installation import Installation

MANY, FEW = 10_000, 10
AIM_SECONDS, AIMS = 1.5, {"/telling": 0.3}
_ROUNDS = 5
PAGES = ("", "?part=scope", "?part=consignees", "?part=consignees&page=90", "?part=ledger", "/books", "/status",
         "/authority-files", "/workbench", "/telling")


def page_seconds(world: World, recall: Recall) -> dict[str, float]:
    """{page: seconds} of a recall for its manager, the median of some. Raises RuntimeError for a page that fails."""
    client = _client(world)
    found = {}
    for page in PAGES:
        taken = []
        for _turn in range(_ROUNDS + 1):
            begun = perf_counter()
            answer = client.get(f"/console/recalls/{recall.id}{page}", headers={"Accept": "text/html"}, buffered=True)
            taken.append(perf_counter() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{page or 'the case'} answered {answer.status_code}")
        found[page] = median(taken[1:])
    return found


def _client(world: World) -> FlaskClient:
    app = make_routes()
    bind(app, world)
    with world.database.write() as session:
        token = sign_in(session, world.clock, prove_password(session, "manager", PASSWORD), "bench").token
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["token"] = token
    return client


def _measured(url: str | None, count: int) -> tuple[str, dict[str, float]]:
    """The kind of database, and its pages with so many batches and consignees."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(folder, 1, url)
        installation.run("db", "upgrade")
        world = installation.world()
        try:
            team, recall = make_case(world, count, count)
            submit_and_approve(world, team, recall)
            with world.database.write() as session:
                add_consumers(session, world, recall, count)
            settle(world.database)
            return world.database.dialect, page_seconds(world, recall)
        finally:
            world.database.close()


@benchmark("recall_pages")
def recall_pages() -> Iterator[Row]:
    """Each page of a large recall, and what the same page of a small one takes."""
    sizes = []
    take_habits()  # as every process of ours does
    for count in (FEW, MANY):
        say(f"a recall of {count:,} batches and consignees")
        for made in databases():
            with made as url:
                sizes.append((count, *_measured(url, count)))
    small = {(kind, page): taken for count, kind, pages in sizes if count == FEW for page, taken in pages.items()}
    for count, kind, pages in sizes:
        for page, seconds in pages.items() if count == MANY else ():
            aim = AIMS.get(page, AIM_SECONDS)
            yield Row(f"{page or 'the case'}, {MANY:,} batches and consignees, {kind}", seconds * 1000, "ms",
                      "aim", aim * 1000, aim / seconds, 1.0,
                      f"of {FEW}: {small[kind, page] * 1000:.0f} ms")
