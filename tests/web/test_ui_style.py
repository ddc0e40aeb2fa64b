"""The style sheets: small, readable by everyone, allowed by a strict content policy."""
from __future__ import annotations

import base64
import gzip
import hashlib
import re
from itertools import product
from pathlib import Path

import pytest
from flask import Flask, render_template

from traceapp.web import ui
from traceapp.web.ui import assets

TEMPLATES = Path(ui.__file__).parent / "templates"
SCHEMES = ("light", "dark")


def palette(scheme: str) -> dict[str, str]:
    """Token -> #rrggbb of a colour scheme, as tokens.css says."""
    light, dark = (assets.STATIC / "tokens.css").read_text().split("@media", 1)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", light))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", dark))
    return {name: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for name, value in colours.items()}


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_contrast_that_the_standard_names() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(
    ("scheme", "pair"),
    list(product(
        SCHEMES,
        [
            ("ink", "paper"), ("ink", "sunk"), ("soft", "paper"), ("soft", "sunk"), ("teal", "paper"), ("teal", "sunk"),
            ("teal", "tint"), ("on-teal", "teal"), ("on-alarm", "alarm"), ("stop", "paper"), ("go", "go-g"),
            ("stop", "stop-g"), ("check", "check-g"), ("info", "info-g"), ("soft", "stop-g"), ("soft", "go-g"),
            ("soft", "check-g"), ("soft", "info-g"),
        ],
    )),
)  # fmt: skip
def test_every_pair_of_text_and_ground_reaches_aa(scheme: str, pair: tuple[str, str]) -> None:
    colours = palette(scheme)
    assert contrast(colours[pair[0]], colours[pair[1]]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "sunk"])
def test_the_edge_of_a_control_can_be_seen(scheme: str, ground: str) -> None:
    colours = palette(scheme)
    assert contrast(colours["edge"], colours[ground]) >= 3


def test_the_inlined_sheet_leaves_room_in_a_ten_kilobyte_page() -> None:
    assert len(gzip.compress(assets.public_css().encode(), 9)) <= 2560


def test_the_hash_is_of_exactly_what_stands_in_the_page() -> None:
    app = Flask(__name__)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    app.register_blueprint(ui.blueprint)
    with app.test_request_context():
        page = render_template("ui/public_base.html", brand="X")
    inlined = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
    assert assets.public_css_hash() == f"sha256-{digest}"


def test_minifying_keeps_every_rule_and_drops_what_nobody_reads() -> None:
    assert assets.minified("/* a */ a > b , c { x: 1px  2px; y: z; }\n\n@media print { a { b: c; } }") == (
        "a>b,c{x:1px 2px;y:z}@media print{a{b:c}}"
    )


def test_an_address_of_a_sheet_changes_with_its_content() -> None:
    app = Flask(__name__)
    app.register_blueprint(ui.blueprint)
    with app.test_request_context():
        address = ui.ui_asset("console.css")
    version = hashlib.sha256((assets.STATIC / "console.css").read_bytes()).hexdigest()[:8]
    assert address == f"/static/ui/console.css?v={version}"
    assert app.test_client().get(address).status_code == 200


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: p.name)
def test_no_template_needs_inline_style_or_inline_script(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text)


@pytest.mark.parametrize("sheet", ["tokens.css", "public.css", "console.css"])
def test_a_sheet_asks_nothing_of_the_network(sheet: str) -> None:
    text = (assets.STATIC / sheet).read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text and "@font-face" not in text


def test_every_colour_is_a_token() -> None:
    for sheet in ("public.css", "console.css"):
        text = (assets.STATIC / sheet).read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*\})", text) in ([], ["#0003"]), "a shadow is the only exception"


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--[a-z-]+):", (assets.STATIC / "tokens.css").read_text()))
    for sheet in ("public.css", "console.css"):
        used = set(re.findall(r"var\((--[a-z-]+)\)", (assets.STATIC / sheet).read_text()))
        assert used <= defined
