"""The macros that pages are made of: what they say, to whom, and that they fail safe."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from lxml import html
from markupsafe import Markup

from tests.conftest import missing
from traceapp.web import ui
from traceapp.web.ui import gallery

HERE = Path(ui.__file__).parent
CATALOGUE = HERE.parent / "translations" / "zh" / "ui.po"
CHROMIUM = Path("/usr/bin/chromium-headless-shell")
NAV = [("today", "Today", False, 7), ("lots", "Lots", True), ("recalls", "Recalls", False)]


def chinese() -> Translations:
    packed = BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(packed, read_po(file, locale="zh"))
    packed.seek(0)
    return Translations(packed)


def app_in(translations: Any) -> Flask:
    """An application of nothing but the design system."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    app.register_blueprint(ui.blueprint)
    for endpoint in ("today", "lots", "recalls"):
        app.add_url_rule(f"/{endpoint}", endpoint, view_func=str)
    return app


@pytest.fixture(scope="module")
def english() -> Flask:
    return app_in(Translations())


Show = Callable[..., Any]


@pytest.fixture
def show(english: Flask) -> Show:
    """Renders an expression in which `ui` is the design system; answers the parsed element tree."""

    def rendered(expression: str, **values: Any) -> Any:
        source = "{% import 'ui/components.html' as ui with context %}<div>" + expression + "</div>"
        with english.test_request_context():
            return html.fromstring(english.jinja_env.from_string(source).render(values))

    return rendered


def words(element: Any) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


def test_every_verdict_differs_in_words_sign_and_look(show: Show) -> None:
    banners = [show(f"{{{{ ui.verdict_banner('{state}') }}}}")[0] for state in gallery.VERDICTS]
    assert len({words(b) for b in banners}) == len(gallery.VERDICTS)
    assert len({html.tostring(b.find("svg")) for b in banners}) == len(gallery.VERDICTS)
    assert len({b.get("class") for b in banners}) == len(gallery.VERDICTS)


def test_every_verdict_has_a_tag_of_its_own(show: Show) -> None:
    assert len({words(show(f"{{{{ ui.verdict_tag('{s}') }}}}")) for s in gallery.VERDICTS}) == len(gallery.VERDICTS)


def test_a_state_that_nobody_knows_reads_as_unknown_and_never_as_released(show: Show) -> None:
    for state in ("", "RELEASED", "fine"):
        banner = show("{{ ui.verdict_banner(state) }}{{ ui.verdict_tag(state) }}", state=state)
        assert "We do not know this batch" in words(banner) and "Unknown" in words(banner)


def test_a_recalled_batch_says_stop_first_and_offers_the_telephone(show: Show) -> None:
    banner = show("{{ ui.verdict_banner('recalled', 'Bring it back.', '400 123 4567') }}")
    assert words(banner).startswith("Stop using it")
    assert banner.xpath(".//h1") and banner.xpath(".//a/@href") == ["tel:4001234567"]


@pytest.mark.parametrize(
    ("hours", "done", "said", "look"),
    [
        (72, None, "Due in 3 days", "m-info"),
        (47, None, "Due in 47 hours", "m-info"),
        (23, None, "Due in 23 hours", "m-check"),
        (0.5, None, "Due in 30 minutes", "m-check"),
        (-0.01, None, "Due now", "m-stop"),
        (-1, None, "Late by 1 hour", "m-stop"),
        (-49, None, "Late by 2 days", "m-stop"),
        (1, 0, "Done in time", "m-go"),
        (0, 0, "Done in time", "m-go"),
        (-3, 0, "Done late by 3 hours", "m-stop"),
    ],
)
def test_a_clock_says_how_much_is_left_or_how_late_it_is(
    show: Show, hours: float, done: int | None, said: str, look: str
) -> None:
    now = gallery.NOW
    chip = show(
        "{{ ui.clock_chip(due, now, done) }}", due=now + timedelta(hours=hours), now=now, done=None if done is None else now
    )
    assert words(chip) == said and look in chip[0].get("class").split()


def test_the_summary_of_errors_links_to_fields_that_are_there(show: Show) -> None:
    form = show(
        "{{ ui.error_summary([('lot', 'No lot.'), ('who', 'Choose.'), ('n', 'Too small.'), (none, 'Sent twice.')]) }}"
        "{{ ui.text_field('lot', 'Lot', error='No lot.') }}{{ ui.number_field('n', 'N', error='Too small.') }}"
        "{{ ui.radio_set('who', 'Who', [('a', 'A'), ('b', 'B')], error='Choose.') }}"
    )
    targets = form.xpath(".//*[contains(@class, 'errors')]//a/@href")
    assert targets == ["#f-lot", "#f-who", "#f-n"]
    assert all(form.xpath(f".//*[@id='{t[1:]}']")[0].tag == "input" for t in targets)
    assert "Sent twice." in words(form)


def test_no_errors_no_summary(show: Show) -> None:
    assert words(show("{{ ui.error_summary([]) }}")) == ""


FIELDS = {
    "text_field": "ui.text_field('x', 'Label', {})",
    "text_area": "ui.text_area('x', 'Label', {})",
    "select_field": "ui.select_field('x', 'Label', [('a', 'A')], {})",
    "radio_set": "ui.radio_set('x', 'Label', [('a', 'A')], {})",
    "checkbox_set": "ui.checkbox_set('x', 'Label', [('a', 'A')], {})",
    "checkbox": "ui.checkbox('x', 'Label', {})",
    "date_field": "ui.date_field('x', 'Label', {})",
    "moment_field": "ui.moment_field('x', 'Label', {})",
    "number_field": "ui.number_field('x', 'Label', {})",
    "file_field": "ui.file_field('x', 'Label', {})",
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_names_its_hint_and_its_error_to_a_screen_reader(show: Show, field: str) -> None:
    tree = show("{{ " + FIELDS[field].format("hint='A hint.', error='An error.'") + " }}")
    (described,) = tree.xpath(".//*[@aria-describedby]")
    said = [words(tree.xpath(f".//*[@id='{name}']")[0]) for name in described.get("aria-describedby").split()]
    assert said == ["A hint.", "An error."]


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_has_a_label_and_no_empty_references(show: Show, field: str) -> None:
    tree = show("{{ " + FIELDS[field].format("hint=none") + " }}")
    control = tree.xpath(".//*[@id='f-x']")[0]
    assert control.get("name") == "x"
    assert tree.xpath(".//label[@for='f-x']") and not tree.xpath(".//*[@aria-describedby]")


def test_a_chosen_value_stays_chosen_whatever_its_type(show: Show) -> None:
    assert show("{{ ui.radio_set('x', 'X', [(1, 'One'), (2, 'Two')], 2) }}").xpath(".//input[@checked]/@value") == ["2"]
    assert show("{{ ui.select_field('x', 'X', [(1, 'One'), (2, 'Two')], '2') }}").xpath(
        ".//option[@selected]/@value"
    ) == ["2"]
    assert show("{{ ui.checkbox_set('x', 'X', [(1, 'One'), (2, 'Two')], [1]) }}").xpath(
        ".//input[@checked]/@value"
    ) == ["1"]


def test_nothing_is_chosen_when_nothing_was_answered(show: Show) -> None:
    assert not show("{{ ui.radio_set('x', 'X', [('', 'Empty'), ('a', 'A')]) }}").xpath(".//input[@checked]")


def test_what_was_typed_comes_back_as_typed(show: Show) -> None:
    text = '\n<b>"two\nlines"</b>'
    assert show("{{ ui.text_area('x', 'X', text) }}", text=text).xpath(".//textarea")[0].text.lstrip("\n") == text.lstrip("\n")
    assert show("{{ ui.text_field('x', 'X', text) }}", text='"><b>').xpath(".//input/@value") == ['"><b>']


COLUMNS = [
    {"key": "lot", "label": "Lot", "sort_url": "?sort=lot", "sorted": "ascending"},
    {"key": "made", "label": "Made", "unit": "kg", "num": True},
]


def test_a_table_says_units_in_the_head_sorts_by_link_and_links_its_rows(show: Show) -> None:
    table = show(
        "{{ ui.data_table(columns, rows, 'Lots') }}",
        columns=COLUMNS,
        rows=[{"url": "/lots/1", "cells": {"lot": "A-1", "made": "3"}}, {"cells": {"lot": "A-2", "made": None}}],
    )
    assert [words(h) for h in table.xpath(".//th")] == ["Lot", "Made (kg)"]
    assert table.xpath(".//th[@aria-sort]/a/@href") == ["?sort=lot"]
    assert table.xpath(".//tbody//a/@href") == ["/lots/1"]
    assert table.xpath(".//td[@class='num']/@data-label") == ["Made (kg)"] * 2
    assert [words(c) for c in table.xpath(".//td")] == ["A-1", "3", "A-2", "–"]


def test_a_zero_is_shown_as_a_zero_and_not_as_nothing(show: Show) -> None:
    assert words(show("{{ ui.cell(0) }}{{ ui.cell('') }}")) == "0–"
    assert words(show("{{ ui.definition_list([('Used', 0), ('Returned', '')]) }}")) == "Used0Returned–"


def test_a_table_that_scrolls_can_be_reached_by_keyboard(show: Show) -> None:
    region = show("{{ ui.data_table(columns, [{'cells': {'lot': 1}}], 'Lots', phone='scroll') }}", columns=COLUMNS)[0]
    assert (region.get("tabindex"), region.get("role"), region.get("aria-label")) == ("0", "region", "Lots")


def test_a_page_may_write_its_own_cells(show: Show) -> None:
    table = show(
        "{% call(row) ui.data_table(columns, rows, 'Lots') %}{{ ui.cell(row.name) }}{{ ui.cell(1) }}{% endcall %}",
        columns=COLUMNS,
        rows=[{"name": "N"}],
    )
    assert [words(c) for c in table.xpath(".//td")] == ["N", "1"]


def test_an_empty_table_says_what_will_appear(show: Show) -> None:
    tree = show("{{ ui.data_table(columns, [], 'Lots', ui.empty_state('No lots', 'They appear here.')) }}", columns=COLUMNS)
    assert words(tree) == "No lotsThey appear here." and not tree.xpath(".//table")


def test_a_filter_keeps_what_was_asked_and_offers_to_clear_it_only_then(show: Show) -> None:
    bar = (
        "{{ ui.filter_bar('/lots', [{'type': 'search', 'name': 'q', 'label': 'Q'}, "
        "{'type': 'select', 'name': 's', 'label': 'S', 'options': [('a', 'A')]}], values, '/lots') }}"
    )
    asked = show(bar, values={"q": "x", "s": "a"})
    assert asked.xpath(".//input/@value") == ["x"] and asked.xpath(".//option[@selected]/@value") == ["a"]
    assert asked.xpath(".//form/@method") == ["get"] and asked.xpath(".//a/@href") == ["/lots"]
    assert not show(bar, values={"q": "", "s": None}).xpath(".//a")


def test_pages_are_numbered_around_the_present_one(show: Show) -> None:
    nav = show("{{ ui.pagination(6, 12, url, 287) }}", url=lambda n: f"?page={n}")
    assert nav.xpath(".//a[@aria-label or @aria-current]/@href") == [f"?page={n}" for n in (1, 5, 6, 7, 12)]
    assert nav.xpath(".//a[@rel='prev']/@href") == ["?page=5"] and nav.xpath(".//a[@aria-current]/@href") == ["?page=6"]
    assert not show("{{ ui.pagination(1, 1, url, 3) }}", url=str).xpath(".//a")


def test_whatever_posts_carries_the_token_against_forgery(show: Show) -> None:
    token = Markup('<input type="hidden" name="csrf_token" value="t">')
    forms = show(
        "{% call ui.form('/a') %}x{% endcall %}{{ ui.post_button('Take', '/b', fields={'id': 3}) }}"
        "{{ ui.confirm_with_reason('/c', 'Hold', 'Hold it') }}{{ ui.signature('/d', 'Sign', 'Li', [('ok', 'OK')], 'Sign') }}",
        csrf_field=token,
    ).xpath(".//form")
    assert len(forms) == 4
    assert all(f.get("method") == "post" and f.xpath(".//input[@name='csrf_token']/@value") == ["t"] for f in forms)


def test_a_signature_asks_for_its_meaning_and_the_password_again(show: Show) -> None:
    tree = show("{{ ui.signature('/d', 'Sign', 'Li Wen', [('approve', 'I approve')], 'Sign') }}")
    assert tree.xpath(".//input[@type='password']/@autocomplete") == ["current-password"]
    assert tree.xpath(".//input[@type='radio']/@value") == ["approve"] and "Li Wen" in words(tree)


def test_an_act_that_hurts_asks_for_a_reason_and_gives_back_what_was_typed(show: Show) -> None:
    tree = show("{{ ui.confirm_with_reason('/c', 'Hold', 'Hold it', values={'reason': 'itching'}, errors={'reason': 'More.'}) }}")
    assert tree.xpath(".//textarea[@name='reason']")[0].text.strip() == "itching" and "More." in words(tree)


def test_the_step_at_work_is_named_to_a_screen_reader(show: Show) -> None:
    tree = show(
        "{{ ui.stepper([{'title': 'A', 'state': 'done'}, {'title': 'B', 'state': 'current'}, {'title': 'C', 'state': 'todo'}], 'S') }}"
    )
    assert [words(s) for s in tree.xpath(".//li[@aria-current='step']")] == ["2B Now"]


def test_every_picture_has_a_table_twin(show: Show) -> None:
    for frame in ("chart_frame", "graph_frame"):
        tree = show(f"{{{{ ui.{frame}('T', 'picture', columns, [{{'cells': {{'lot': 'A'}}}}]) }}}}", columns=COLUMNS)
        assert tree.xpath(".//figure//details//table")


def test_every_macro_that_is_offered_says_how_it_is_called() -> None:
    offered = set(re.findall(r"set (\w+) = _\w+\.\1", (HERE / "templates/ui/components.html").read_text()))
    parts = "".join(p.read_text() for p in (HERE / "templates/ui/parts").glob("*.html"))
    notes = " ".join(re.findall(r"\{#(.*?)#\}", parts, flags=re.DOTALL))
    assert len(offered) > 40
    assert {name for name in offered if not re.search(rf"\b{name}\(", notes)} == set()


def test_navigation_shows_only_what_is_given_and_marks_where_one_is(english: Flask) -> None:
    with english.test_request_context():
        page = html.fromstring(english.jinja_env.get_template("ui/console_base.html").render(nav=NAV, user_name="Li"))
        bare = html.fromstring(english.jinja_env.get_template("ui/console_base.html").render())
    assert page.xpath("//nav[@id='nav']//li/a/@href") == ["/today", "/lots", "/recalls"]
    assert page.xpath("//nav[@id='nav']//a[@aria-current]/@href") == ["/lots"]
    assert not bare.xpath("//nav[@id='nav']") and not bare.xpath("//form")


def test_signing_out_is_a_post_with_the_token(english: Flask) -> None:
    token = Markup('<input type="hidden" name="csrf_token" value="t">')
    with english.test_request_context():
        text = english.jinja_env.get_template("ui/console_base.html").render(
            user_name="Li", sign_out_url="/out", csrf_field=token
        )
    (form,) = html.fromstring(text).xpath("//form[@action='/out']")
    assert form.get("method") == "post" and form.xpath(".//input/@value") == ["t"]


def test_a_public_page_needs_one_request_and_no_script(english: Flask) -> None:
    with english.test_request_context():
        text = english.jinja_env.get_template("ui/public_base.html").render(lang="zh-CN", brand="X")
    tree = html.fromstring(text)
    assert not tree.xpath("//script | //img | //link[@rel='stylesheet']")
    assert tree.xpath("//link/@href") == ["data:,"] and tree.xpath("/html/@lang") == ["zh-CN"]


def extracted() -> set[str]:
    method = [("**.py", "python"), ("**.html", "jinja2")]
    found = extract_from_dir(str(HERE), method_map=method, options_map={"**.html": {"newstyle_gettext": "true"}})
    return {m if isinstance(m, str) else m[0] for _, _, m, _, _ in found}


def test_every_text_of_the_design_system_is_there_in_chinese() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    texts = {(m.id if isinstance(m.id, str) else m.id[0]): m.string for m in catalogue if m.id}
    wanted = extracted()
    assert len(wanted) > 150
    assert wanted - set(texts) == set() and set(texts) - wanted == set()
    for message in catalogue:
        shown = message.string if isinstance(message.string, str) else "".join(message.string)
        assert shown or not message.id
        source = message.id if isinstance(message.id, str) else message.id[0]
        assert set(re.findall(r"%\(\w+\)\w", source)) == set(re.findall(r"%\(\w+\)\w", shown)), source


def test_nothing_is_ever_called_genuine() -> None:
    for path in [*HERE.rglob("*.html"), *HERE.rglob("*.py"), CATALOGUE]:
        assert not re.search(r"genuine|authentic\b|正品|真品", path.read_text(encoding="utf-8"), re.IGNORECASE), path.name


def gallery_page(language: str) -> str:
    translations = chinese() if language == "zh" else Translations()
    app = app_in(translations)

    def plural(one: str, many: str, num: int) -> str:
        return str(translations.ungettext(one, many, num)) % {"num": num}

    context = gallery.gallery_context(translations.ugettext, plural) | gallery.standalone_context()
    with app.test_request_context():
        text = app.jinja_env.get_template("ui/gallery.html").render(
            **context, lang="zh-CN" if language == "zh" else "en", nav=NAV, search_url="/find", user_name="Li", brand="X",
            languages=[("zh-CN", "中文", "?lang=zh", language == "zh"), ("en", "English", "?lang=en", language == "en")],
        )  # fmt: skip
    return str(text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_gallery_shows_every_component_with_unique_ids(language: str) -> None:
    tree = html.fromstring(gallery_page(language))
    ids = tree.xpath("//@id")
    assert {i for i in ids if ids.count(i) > 1} == set()
    for kind in ("verdict", "tag", "chip", "tile", "note", "errors", "prog", "empty", "filter", "tw", "pages", "tl", "dl",
                 "ans", "steps", "tabs", "crumbs", "panel", "sign", "chart", "funnel", "graph", "spark", "fig", "print"):  # fmt: skip
        assert tree.xpath(f"//*[contains(concat(' ', @class, ' '), ' {kind} ')]"), kind


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_gallery_has_no_barrier_and_never_scrolls_sideways(width: int, scheme: str, tmp_path: Path) -> None:
    if not CHROMIUM.exists():
        missing("Debian's chromium-headless-shell is not installed: apt-get install chromium-headless-shell")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        for language in ("en", "zh"):
            file = tmp_path / f"{language}.html"
            sheets = "".join((ui.assets.STATIC / f"{name}.css").read_text() for name in ("tokens", "public", "console"))
            file.write_text(gallery_page(language).replace("</head>", f"<style>{sheets}</style></head>"))
            page.goto(file.as_uri())
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
