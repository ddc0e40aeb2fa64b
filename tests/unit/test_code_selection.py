"""Which of several links answers: type, then language, then form, then context; nothing is guessed."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.code.selection import Level, Target, Wish, narrowed, selected
from traceapp.web.resolver.asking import form_of, query_wish, ranges, root_of


def target(name: str, languages: str = "", media_type: str = "", contexts: str = "", kind: str = "pip") -> Target:
    return Target(kind, f"https://x.example/{name}", (name, name), media_type, tuple(languages.split()),
                  tuple(contexts.split()))


def names(found: tuple[Target, ...]) -> list[str]:
    return [one.titles[1] for one in found]


ZH, EN, ZH_CN, ANY = target("zh", "zh"), target("en", "en"), target("zh-CN", "zh-CN"), target("any")


@pytest.mark.parametrize(("accepted", "wanted"), [
    ("zh-CN", ["zh"]), ("zh-Hant-TW,en;q=0.5", ["zh"]), ("en-GB;q=0.9, zh;q=0.8", ["en"]), ("EN", ["en"]),
    ("fr, en;q=0.1", ["en"]), ("fr", ["any"]), ("", ["any"]), ("*", ["any"]), ("zh;q=0, *", ["any"]),
    ("zh;q=0, en;q=0.2", ["en"]), ("zh;q=x, en", ["en"])])
def test_a_language_is_looked_up_by_cutting_it_shorter(accepted: str, wanted: list[str]) -> None:
    assert names(narrowed((ZH, EN, ANY), Wish("pip", ranges(accepted)))) == wanted


def test_the_closest_language_wins_and_a_kind_of_it_will_do() -> None:
    assert names(narrowed((ZH, ZH_CN, EN), Wish("pip", ranges("zh-CN")))) == ["zh-CN"]
    assert names(narrowed((ZH_CN, EN), Wish("pip", ranges("zh")))) == ["zh-CN"]
    assert names(narrowed((ZH, EN), Wish("pip", ranges("fr")))) == ["zh", "en"]


PAGE, PDF = target("page", media_type="text/html"), target("pdf", media_type="application/pdf")


@pytest.mark.parametrize(("accept", "wanted"), [
    ("text/html,application/xhtml+xml,*/*;q=0.8", ["page"]), ("application/pdf", ["pdf"]), ("application/*", ["pdf"]),
    ("*/*", ["any"]), ("", ["any"]), ("image/png", ["any"]), ("application/pdf;q=0.2, text/html;q=0.1", ["pdf"])])
def test_a_form_is_chosen_by_its_weight(accept: str, wanted: list[str]) -> None:
    assert names(narrowed((PAGE, PDF, ANY), Wish("pip", (), ranges(accept)))) == wanted


def test_a_context_is_chosen_when_it_is_named_and_passed_over_when_not() -> None:
    cn, us = target("cn", contexts="CN hospital"), target("us", contexts="US")
    assert names(narrowed((cn, us, ANY), Wish("pip", contexts=("hospital",)))) == ["cn"]
    assert names(narrowed((cn, us, ANY), Wish("pip", contexts=("FR",)))) == ["any"]
    assert names(narrowed((cn, us, ANY), Wish("pip"))) == ["any"]
    assert names(narrowed((cn, us), Wish("pip"))) == ["cn", "us"]


def test_what_nothing_tells_apart_stays_ambiguous() -> None:
    twins = (target("a", "en", "text/html"), target("b", "en", "text/html"))
    assert names(narrowed(twins, Wish("pip", ranges("en"), ranges("text/html"), ("CN",)))) == ["a", "b"]


DEFAULT = target("default")
FINE = Level("/01/1/10/2", ("", ""), (target("fine", kind="pip"),))
COARSE = Level("/01/1", ("", ""), (target("coarse", kind="pip"), target("film", kind="relatedVideo")), DEFAULT)


def test_a_finer_level_hides_the_same_type_of_a_coarser_and_nothing_else() -> None:
    assert names(selected((FINE, COARSE), Wish("pip"))) == ["fine"]
    assert names(selected((FINE, COARSE), Wish("relatedVideo"))) == ["film"]
    assert selected((FINE, COARSE), Wish("faqs")) == selected((), Wish()) == ()
    assert names(selected((FINE, COARSE), Wish())) == ["default"]


def test_a_variant_of_the_default_needs_a_reason() -> None:
    level = COARSE._replace(variants=(ZH, EN))
    assert names(selected((FINE, level), Wish(None, ranges("en-GB")))) == ["en"]
    assert names(selected((FINE, level), Wish(None, ranges("fr")))) == ["default"]
    assert names(selected((FINE, level), Wish())) == ["default"]
    assert names(selected((level._replace(default=None),), Wish(None, ranges("fr")))) == ["zh", "en"]


TAGS = st.sampled_from(["zh", "en", "zh-CN", "fr", "*", "x", ""])
TARGETS = st.lists(st.builds(target, st.sampled_from("abcde"), TAGS.filter(lambda tag: tag != "*"),
                             st.sampled_from(["", "text/html", "application/pdf"]), st.sampled_from(["", "CN"])),
                   min_size=1, max_size=6).map(tuple)
WEIGHTED = st.lists(st.tuples(TAGS, st.sampled_from([0.0, 0.5, 1.0])), max_size=4).map(tuple)


@given(TARGETS, WEIGHTED, st.lists(st.tuples(st.sampled_from(["*/*", "text/html", "application/*"]),
                                             st.sampled_from([0.0, 0.3, 1.0])), max_size=3).map(tuple))
def test_something_is_always_left_and_it_was_there_before(
        targets: tuple[Target, ...], languages: tuple[tuple[str, float], ...],
        media_types: tuple[tuple[str, float], ...]) -> None:
    found = narrowed(targets, Wish("pip", languages, media_types))
    assert found
    assert [one for one in targets if one in found] == list(found)


@pytest.mark.parametrize(("query", "link_type"), [
    ("linkType=gs1:pip", "pip"), ("a=b&linkType=https://gs1.org/voc/pip", "pip"),
    ("linkType=https%3A%2F%2Fref.gs1.org%2Fvoc%2Fpip", "pip"), ("linkType=https://www.gs1.org/voc/pip;x", "pip"),
    ("linkType=gs1:defaultLink", None), ("linkType=gs1:defaultLinkMulti", None), ("linkType=", None), ("x=linkType", None),
    ("linkType=pip", ""), ("linkType=https://schema.org/url", ""), ("linkType=gs1:nosuchlt", "nosuchlt")])
def test_a_link_type_is_read_under_each_of_its_names(query: str, link_type: str | None) -> None:
    assert query_wish(query).link_type == link_type


def test_the_whole_set_is_asked_for_by_either_word() -> None:
    assert query_wish("linkType=linkset").wants_set
    assert query_wish("x=1&linkType=all").wants_set
    assert not query_wish("linkType=gs1:all").wants_set
    assert query_wish("17=281104").has_attributes
    assert not query_wish("a17=281104&b").has_attributes


@pytest.mark.parametrize(("accept", "form"), [
    (None, ("text/html", False)), ("", ("text/html", False)), ("*/*", ("application/linkset+json", False)),
    ("application/linkset+json", ("application/linkset+json", True)), ("application/json", ("application/json", True)),
    ("application/json, text/plain, */*", ("application/json", True)), ("application/ld+json", ("application/ld+json", True)),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ("text/html", True)),
    ("application/xhtml+xml", ("text/html", True)), ("image/png", ("application/linkset+json", False)),
    ("text/html;q=0.5, application/ld+json;q=0.6", ("application/ld+json", True))])
def test_the_form_of_an_answer_follows_from_accept(accept: str | None, form: tuple[str, bool]) -> None:
    assert form_of(accept) == form


@pytest.mark.parametrize(("host", "root"), [
    ("trace.maker.example", "https://trace.maker.example"), ("TRACE.maker.example", "https://trace.maker.example"),
    ("127.0.0.1:8000", "http://127.0.0.1:8000"), ("localhost", "http://localhost"), ("[::1]:80", "http://[::1]:80"),
    ("192.168.1.9:8000", "http://192.168.1.9:8000"), ("10.0.0.1", "http://10.0.0.1"),
    ("evil.example", "https://trace.maker.example"), ("8.8.8.8", "https://trace.maker.example"),
    ("127.0.0.1:8000/x", "https://trace.maker.example"), ("127.0.0.1@evil.example", "https://trace.maker.example"),
    ("localhost.evil.example", "https://trace.maker.example"), ("", "https://trace.maker.example"),
    ("999.1.1.1", "https://trace.maker.example"), ("127.0.0.1:8000\r\nX: y", "https://trace.maker.example")])
def test_a_host_is_believed_only_where_it_can_do_no_harm(host: str, root: str) -> None:
    assert root_of(host, "https://trace.maker.example") == root
