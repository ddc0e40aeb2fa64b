"""What may stand in a registered link."""
from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.link_texts import checked_contexts, checked_href, checked_languages, checked_media_type
from traceapp.code.link_types import LINK_TYPES, REGISTRABLE, registrable_type
from traceapp.core.errors import InvalidInput

OWN = "https://trace.maker.example"


@pytest.mark.parametrize(("text", "kept"), [
    (" https://maker.example/a?b=c#d ", "https://maker.example/a?b=c#d"),
    ("HTTP://Maker.Example:8080/A", "http://maker.example:8080/A"),
    ("https://maker.example/说明书?q=创可贴", "https://maker.example/%E8%AF%B4%E6%98%8E%E4%B9%A6?q=%E5%88%9B%E5%8F%AF%E8%B4%B4"),
    ("https://例子.example/", "https://xn--fsqu00a.example/"), ("https://maker.example/100%/a%20b", "https://maker.example/100%25/a%20b"),
    ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"), (f"{OWN}/s/01/09506000134352", f"{OWN}/s/01/09506000134352"),
    ("https://other.example/01/09506000134352", "https://other.example/01/09506000134352")])
def test_an_address_is_kept_as_a_header_can_carry_it(text: str, kept: str) -> None:
    assert checked_href(text, OWN) == kept
    assert checked_href(kept, OWN) == kept


@pytest.mark.parametrize(("text", "code"), [
    ("", "bad-address"), ("maker.example", "bad-address"), ("ftp://maker.example/", "bad-address"),
    ("javascript:alert(1)", "bad-address"), ("data:text/html,x", "bad-address"), ("https:///x", "bad-address"),
    ("https://a b.example/", "bad-address"), ("https://maker.example/a\r\nSet-Cookie: x", "bad-address"),
    ("https://maker.example:99999/", "bad-address"), ("https://[::1/", "bad-address"), ("https://" + "a" * 70 + ".example", "bad-address"),
    ("https://user@maker.example/", "credentials-in-address"), ("https://u:p@maker.example/", "credentials-in-address"),
    ("https://maker.example/" + "a" * 2000, "too-long"), ("https://maker.example/" + "创" * 300, "too-long"),
    (f"{OWN}/01/09506000134352", "link-in-a-circle"), (f"{OWN}/414/9501101530003/", "link-in-a-circle"),
    ("HTTPS://TRACE.maker.example/eh30164596f40c0e5cbe991a83", "link-in-a-circle")])
def test_an_address_that_would_do_harm_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_href(text, OWN)
    assert (refused.value.code, refused.value.place) == (code, "href")


@given(st.text(max_size=60).map(lambda text: "https://maker.example/" + text) | st.text(max_size=80))
def test_whatever_is_taken_is_plain_and_whole(text: str) -> None:
    try:
        kept = checked_href(text, OWN)
    except InvalidInput:
        return
    assert kept.isascii()
    assert kept.isprintable()
    assert " " not in kept
    assert urlsplit(kept).scheme in ("http", "https")
    assert urlsplit(kept).hostname


def test_languages_media_types_and_contexts_are_kept_in_one_form() -> None:
    assert checked_languages(["ZH", "zh-cn", " en ", "zh"]) == ["zh", "zh-CN", "en"]
    assert checked_media_type(" Application/PDF ") == "application/pdf"
    assert checked_media_type("") == ""
    assert checked_contexts(["CN", "hospital/ward", "CN"]) == ["CN", "hospital/ward"]


@pytest.mark.parametrize(("check", "given"), [
    (checked_languages, ["zh-Hant"]), (checked_languages, ["chinese"]), (checked_languages, [""]),
    (checked_languages, [f"{a}{b}" for a in "abcdef" for b in "abcdef"]), (checked_contexts, ["a b"]),
    (checked_contexts, ["x" * 61]), (checked_contexts, ["&"]), (checked_media_type, "pdf"),
    (checked_media_type, "text/html; charset=utf-8"), (checked_media_type, "text /html")])
def test_what_no_linkset_could_hold_is_refused(check: object, given: object) -> None:
    with pytest.raises(InvalidInput):
        check(given)  # type: ignore[operator]


def test_a_link_type_is_one_of_the_vocabulary_and_none_that_has_gone() -> None:
    assert registrable_type("gs1:pip") == registrable_type("https://gs1.org/voc/pip") == registrable_type(" pip ") == "pip"
    for text, code in (("gs1:nosuchlt", "unknown-link-type"), ("", "unknown-link-type"), ("https://schema.org/url", "unknown-link-type"),
                       ("gs1:productSustainabilityInfo", "deprecated-link-type"), ("gs1:defaultLink", "default-is-a-mark"),
                       ("defaultLinkMulti", "default-is-a-mark")):
        with pytest.raises(InvalidInput) as refused:
            registrable_type(text)
        assert refused.value.code == code
    assert len(REGISTRABLE) == len(LINK_TYPES) - 3
    assert all(registrable_type(name) == name for name in REGISTRABLE)
