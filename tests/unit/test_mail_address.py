"""A letter goes to the address that was written, or nowhere."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from traceapp.core.errors import InvalidInput
from traceapp.core.mail_address import NoMailAddress, ascii_address, is_mail_address
from traceapp.outbox.mail import Letter, MailFolder, as_message
from traceapp.vault.policy import PersonDetails, cleaned_details


@pytest.mark.parametrize("text", ["a@x.cn", "o'neill+recall@sub.clinic.example", "质量部@医院.中国"])
def test_one_address_is_one(text: str) -> None:
    assert is_mail_address(text)


@pytest.mark.parametrize("text", [
    "a,b@x.cn", "a;b@x.cn", "a<b@x.cn", "a@x.cn>", "(c)a@x.cn", '"a"@x.cn', "a@x.cn\nBcc: e@x.cn", "a@x", "@x.cn",
    "a@x.cn,b@y.cn", "a\x00@x.cn", "a:b@x.cn"])
def test_what_a_server_would_read_as_another_address_is_none(text: str) -> None:
    assert not is_mail_address(text)
    with pytest.raises(InvalidInput):
        cleaned_details(PersonDetails(email=text))


def test_a_domain_outside_ascii_is_written_as_servers_know_it() -> None:
    letter = Letter("zhang@例子.中国", "召回", "text", "<a@b>", datetime(2026, 11, 22, tzinfo=UTC))
    assert as_message(letter, "recall@maker.example")["To"] == "zhang@xn--fsqu00a.xn--fiqs8s"


@pytest.mark.parametrize("address", ["张三@x.cn", "a@" + "x" * 64 + ".cn", "a@x..cn", "a,b@x.cn", "a<b@x.cn>"])
def test_an_address_that_no_server_takes_is_refused(address: str) -> None:
    with pytest.raises(NoMailAddress):
        ascii_address(address)


def test_a_letter_to_what_is_no_address_is_work_and_nothing_is_written(tmp_path: Path) -> None:
    letter = Letter("张三@x.cn", "召回", "text", "<a@b>", datetime(2026, 11, 22, tzinfo=UTC))
    delivery = MailFolder(tmp_path / "mail", "recall@maker.example").send(letter)
    assert delivery.outcome == "refused"
    assert "not an address" in delivery.detail
    assert not (tmp_path / "mail").exists()
