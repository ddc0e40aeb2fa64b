"""The scan page cut from stencils is the page that the template gives, letter by letter, whatever the texts hold."""
from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from traceapp.code.policy import Why
from traceapp.recall.public import RecallFacts
from traceapp.trace.policy import Verdict
from traceapp.trace.public import ProductFacts, PublicFile, PublicInspection, RawMaterial, ScanFacts, Step
from traceapp.web.consumer import pages, scan_view
from traceapp.web.consumer.escaping import escaped
from traceapp.web.consumer.squeeze import page_text
from traceapp.web.consumer.stencils import Fixed, Stencils
from traceapp.web.consumer.words import render

TEXTS = st.text(max_size=12) | st.sampled_from(["", "<0>", "<1>", "<b>&amp;\"'", "</style>", "\0", "%(num)d", "{{ 1 }}"])
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
DAYS = st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
PRODUCTS = st.builds(ProductFacts, *([TEXTS] * 13), st.none() | TEXTS)
MATERIALS = st.builds(RawMaterial, TEXTS, TEXTS, TEXTS, TEXTS, st.booleans(), st.none() | st.booleans())
INSPECTIONS = st.builds(PublicInspection, TEXTS, TEXTS, TEXTS, TIMES, st.booleans(), st.integers(0, 3), st.integers(0, 3),
                        st.lists(st.builds(PublicFile, TEXTS, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple))
STEPS = st.builds(Step, st.sampled_from(["received", "produced", "inspected", "released", "shipped"]), TIMES, TIMES,
                  st.lists(TEXTS, max_size=2).map(tuple))
LOTS = st.builds(
    ScanFacts, lot_key=TEXTS, uri=TEXTS, revision=st.integers(1, 9), number=TEXTS, name=TEXTS,
    product=st.none() | PRODUCTS, is_own=st.booleans(), made_on=DAYS, expires_on=DAYS,
    release_state=st.sampled_from(["released", "pending"]), released_at=st.none() | TIMES, is_on_hold=st.booleans(),
    is_recalled=st.booleans(), recall_sources=st.just(()), maker_zh=TEXTS, maker_en=TEXTS, city=TEXTS,
    time_zone=st.sampled_from(["Asia/Shanghai", "UTC"]), materials=st.lists(MATERIALS, max_size=14).map(tuple),
    inspections=st.lists(INSPECTIONS, max_size=2).map(tuple), journey=st.lists(STEPS, max_size=3).map(tuple),
    is_serialised=st.booleans(), scans=st.integers(0, 20_000), first_scan_at=st.none() | TIMES)
TOLD = st.fixed_dictionaries({"zh": TEXTS, "en": TEXTS})
RECALLS = st.lists(st.builds(RecallFacts, TEXTS, TEXTS, TEXTS, st.booleans(), TOLD, TOLD, TOLD, TOLD, TEXTS, TIMES,
                             st.none()), max_size=2)


def as_one_spells_it(page: str) -> str:
    """The page with quotation marks escaped in one of the two usual ways."""
    return page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


@settings(max_examples=50, deadline=None)
@given(LOTS, st.sampled_from(Verdict), RECALLS, st.sampled_from(["zh", "en"]), st.sampled_from(Why))
def test_a_page_cut_from_a_stencil_is_that_of_the_template(
        facts: ScanFacts, verdict: Verdict, recalls: list[RecallFacts], language: str, why: Why) -> None:
    quick = pages.scan_page(facts, verdict, recalls, language, why)
    kept = f"&v={why}" if verdict == Verdict.please_verify else ""
    whole = render("consumer/scan.html", language, {
        **pages._around(language, pages.here_in_other_languages(language, kept)),
        **scan_view.scan_content(facts, verdict, recalls, language, why)})
    assert as_one_spells_it(quick.plain().decode("utf-8", "surrogatepass")) == as_one_spells_it(whole)


def stencils_of(source: str) -> tuple[Stencils, list[dict[str, Any]]]:
    """Stencils of a template, and the values with which it was rendered so far."""
    template = Environment(autoescape=False).from_string(source)  # noqa: S701 - escaping is what is tested
    rendered: list[dict[str, Any]] = []
    as_it_was: Callable[..., str] = template.render

    def noted(values: dict[str, Any]) -> str:
        rendered.append(values)
        return as_it_was(values)

    template.render = noted  # type: ignore[method-assign, assignment]
    return Stencils(template, {"shop": "A & B"}), rendered


def test_pages_of_one_shape_are_rendered_once() -> None:
    stencils, rendered = stencils_of("<h1>{{ shop }}</h1>{% for row in rows %}{{ row.0 }}{{ kind }}{{ row.1 }};{% endfor %}")

    def page(kind: str, *rows: tuple[str, int]) -> str:
        return stencils.page({"kind": Fixed(kind), "rows": list(rows)}).plain().decode()

    assert page("=", ("a", 1), ("<", 2)) == "<h1>A &amp; B</h1>a=1;&lt;=2;"
    assert page("=", ("b\0", 1), ("c", 2)) == "<h1>A &amp; B</h1>b\0=1;c=2;"
    assert len(rendered) == 1
    for other in (page("<", ("a", 1), ("b", 2)), page("=", ("", 1), ("b", 2)), page("=", ("a", 1)),
                  page("=", ("a", 3), ("b", 2))):
        assert other.startswith("<h1>A &amp; B</h1>")
    assert len(rendered) == 5


def test_what_may_hold_texts_unseen_is_refused() -> None:
    stencils, _ = stencils_of("{{ thing }}")
    with pytest.raises(TypeError):
        stencils.page({"thing": object()})
    assert escaped({"a": ["<b>", ("\"", None, 3)]}) == {"a": ["&lt;b&gt;", ("&quot;", None, 3)]}
    with pytest.raises(TypeError):
        escaped({"a": object()})


def test_threads_that_come_together_at_the_start_wait_for_one_rendering() -> None:
    stencils, rendered = stencils_of("{{ text }}")
    inside, may_go = threading.Semaphore(0), threading.Event()
    render_once = stencils._template.render

    def slow(values: dict[str, Any]) -> str:
        inside.release()
        assert may_go.wait(10)
        return render_once(values)

    stencils._template.render = slow  # type: ignore[method-assign, assignment]
    threads = [threading.Thread(target=stencils.page, args=({"text": f"text {number}"},)) for number in range(4)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=10)
    assert not inside.acquire(timeout=0.1)  # nobody else has begun the same
    may_go.set()
    for thread in threads:
        thread.join(10)
    assert len(rendered) == 1


@given(TEXTS, st.text(max_size=300), st.booleans())
def test_a_squeezed_page_opens_to_the_same_bytes(head: str, rest: str, is_long: bool) -> None:
    text = f"{head}</style>{rest * (40 if is_long else 1)}"
    page = page_text(text)
    assert page.plain().decode() == text
    for quickly in (False, True):
        assert gzip.decompress(page.gzip(quickly=quickly)) == text.encode()
