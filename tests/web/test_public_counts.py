"""Nothing that everybody may open tells how many cases there are: every public address answers the same without and with
some, fewer than the threshold below which the public file of events says nothing."""
from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.factories_cases import assessed, world_of
from tests.factories_complaint import a_report, scanned, submit
from tests.factories_recall import House, make_house, running, token_of
from tests.factories_web import Console
from traceapp.app import create_app
from traceapp.export.openfda import LEAST
from traceapp.recall.model import Recall
from traceapp.vault.service import PersonDetails
from traceapp.web.permissions import PUBLIC

# public addresses in which no case can stand: files of the program, descriptions, the state of the machine
SILENT = {"static", "ui.static", "consumer.static", "identity.sign_in", "operations.healthz", "operations.readyz",
          "operations.metrics", "epcis.unknown", "api-docs.openapi_json", "api_pages.read_docs",
          "resolver.description_file"}
LINK_TYPES = ("all", "linkset", "gs1:pip", "gs1:recallStatus")
# what differs from answer to answer: secrets of a page, how often a code was scanned
_FRESH = re.compile(rb'(csrf_token" value="|nonce-|nonce=")[^"\']+|/report/d/[\w-]+|>The codes? [^<]* scanned [^<]*'
                    rb"|>This code has not been scanned[^<]*")


@pytest.fixture
def house(console: Console) -> House:
    return make_house(console.database, console.clock)


def addresses(house: House, recall: Recall, token: str, notice: str) -> dict[str, list[str]]:
    """What is asked at each public endpoint."""
    ways = [urlsplit(lot.uri or "").path.lstrip("/") for lot in (house.second, house.other)]
    products = [way.partition("/10/")[0] for way in ways]
    return {
        "resolver.resolve": [f"/{way}?linkType={kind}" for way in (*ways, *products) for kind in LINK_TYPES],
        "consumer.front": ["/", "/?code=P-2"], "consumer.scan_code": [f"/s/{way}" for way in (*ways, *products)],
        "consumer.scan_private": ["/t/P-2"], "consumer.recall_status": [f"/recall-status/{way}" for way in ways],
        "consumer.recall_list": ["/recalls"], "consumer.recall_page": [f"/recalls/{recall.reference}"],
        "consumer.recalls_json": ["/recalls.json"], "consumer.recalls_atom": ["/recalls.atom"],
        "consumer.recall_mail_form": ["/recalls/subscribe"],
        "consumer.recall_mail_confirm_page": ["/recalls/subscribe/nobody"],
        "consumer.recall_mail_leave_page": ["/recalls/leave/nobody"],
        "consumer.report_begin": ["/report"], "consumer.report_step": ["/report/d/nobody/what"],
        "consumer.report_follow": [f"/report/{token}"], "consumer.inspection_file": ["/inspection-files/nothing"],
        "consignee.notice": [f"/r/{notice}"], "consignee.done": [f"/r/{notice}/done"],
        "consignee.proof": [f"/r/{notice}/files/none"], "consignee.passed": ["/r/p/nobody"],
        "consignee.passed_proof": ["/r/p/nobody/files/none"],
        "consumer.recall_message": [f"/recalls/{recall.reference}.json"],
        "consumer.recall_message_schema": ["/schemas/recall-message-1.json", "/schemas/recall-message-2.json"]}


def test_no_public_address_tells_of_cases(console: Console, house: House) -> None:
    recall = running(console.database, console.clock, house)
    own = submit(console.database, console.clock, a_report(lot=scanned(house.other)))
    notice = token_of(console.database, recall, house.maker.clinic.id)
    asked = addresses(house, recall, own.follow_up_token or "", notice)
    public = {endpoint for endpoint, permission in console.app.extensions["permissions"].items()
              if permission == PUBLIC}
    reads = {rule.endpoint for rule in console.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert asked.keys() == (public & reads) - SILENT
    before = answers(console.app, asked)
    assert all(any(answer.status_code == 200 for path, answer in before.items() if path in asked[endpoint])
               for endpoint in ("consumer.scan_code", "consumer.recall_page", "consumer.report_follow",
                                "consignee.notice", "consumer.recall_status", "resolver.resolve"))
    for number in range(LEAST - 1):
        assessed(console, narrative=f"Blisters, case {number}", lot=scanned(house.second),
                 contact=PersonDetails(name="Zhang San", phone=f"1390000000{number}"))
    fresh = create_app(world_of(console).settings, database=console.database, clock=console.clock)  # has kept no page
    after = answers(fresh, asked)
    fresh.extensions["traceapp.consumer"].scans.close()
    for path, answer in before.items():
        assert told(after[path]) == told(answer), path


def answers(app: Flask, asked: dict[str, list[str]]) -> dict[str, TestResponse]:
    """What somebody who is not signed in is answered at each address."""
    return {path: app.test_client().get(path, headers={"Accept-Language": "en"})
            for paths in asked.values() for path in paths}


def told(answer: TestResponse) -> tuple[int, str, bytes]:
    """What an answer says, without what differs each time."""
    return answer.status_code, answer.headers.get("Location", "").partition("/d/")[0], _FRESH.sub(b"", answer.data)
