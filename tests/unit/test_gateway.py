"""A text message goes to the gateway once, under a number of its own, and each answer means one thing."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateways import Gateway
from traceapp.config import SettingsError, read_settings
from traceapp.outbox.delivery import Delivery
from traceapp.outbox.gateway import HttpGateway, TextFolder, TextMessage, text_post

MESSAGE = TextMessage("+8613800000000", "【召回】停止使用", "0a1b", "zh")


def test_the_message_stands_in_the_body_alone_under_its_own_number() -> None:
    with Gateway() as gateway:
        assert HttpGateway(gateway.url, "secret").send(MESSAGE) == Delivery("sent", "200 accepted g-1")
    (heard,) = gateway.heard
    assert heard.path == "/messages"
    assert heard.headers["Idempotency-Key"] == "0a1b"
    assert heard.headers["Authorization"] == "Bearer secret"
    assert heard.body == {"id": "0a1b", "to": "+8613800000000", "language": "zh", "text": "【召回】停止使用"}


@pytest.mark.parametrize(("status", "said", "outcome"), [
    (202, '{"status": "accepted"}', "sent"), (200, '{"status": "refused", "reference": "x"}', "refused"),
    (200, '{"status": "uncertain"}', "uncertain"), (200, '{"status": "later"}', "uncertain"),
    (200, "<html>", "uncertain"), (200, "[]", "uncertain"), (204, "", "uncertain"),
    (400, "", "refused"), (422, "+8613800000000", "refused"), (401, "", "unreached"), (429, "", "failed"),
    (503, "", "unreached"), (500, "", "uncertain"), (502, "", "uncertain"), (504, "", "uncertain")])
def test_each_answer_means_one_thing(status: int, said: str, outcome: str) -> None:
    with Gateway(status, said) as gateway:
        delivery = HttpGateway(gateway.url, "").send(MESSAGE)
    assert delivery.outcome == outcome
    assert "8000" not in delivery.detail


def test_a_gateway_that_dies_with_the_message_leaves_it_uncertain() -> None:
    with Gateway(dies=True) as gateway:
        assert HttpGateway(gateway.url, "").send(MESSAGE).outcome == "uncertain"
    assert len(gateway.heard) == 1


def test_a_gateway_that_is_not_there_cannot_have_the_message() -> None:
    with Gateway() as gateway:
        url = gateway.url
    assert HttpGateway(url, "").send(MESSAGE) == Delivery("unreached", "ConnectionRefusedError")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_sent_elsewhere(status: int) -> None:
    with Gateway() as other, Gateway(status, location=other.url) as gateway:
        delivery = HttpGateway(gateway.url, "").send(MESSAGE)
    assert (delivery.outcome, other.heard) == ("failed", [])


@pytest.mark.parametrize("url", ["http://gateway.example/", "ftp://127.0.0.1/", "https://user:pw@gateway.example/",
                                 "https://gateway.example/?to=1", "gateway.example"])
def test_an_address_that_would_not_keep_the_message_secret_is_no_setting(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"TRACEAPP_TEXT_URL": url, "TRACEAPP_VAR_DIR": str(tmp_path)})
    assert refused.value.place == "TRACEAPP_TEXT_URL"


def test_without_a_gateway_messages_are_files(tmp_path: Path) -> None:
    post = text_post("", "", tmp_path)
    assert isinstance(post, TextFolder)
    assert post.send(MESSAGE).outcome == "written"
    assert (tmp_path / "texts" / "0a1b.txt").read_text("utf-8").startswith("+8613800000000\n")
