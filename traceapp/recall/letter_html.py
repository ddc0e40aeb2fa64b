"""The letter as a web page for a mail: both languages, no picture, nothing that is loaded. Pure."""
from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .letters import LetterFacts, LetterLot, Part, amount_of, hint, new_mark, order_of, parts_of, subject_of

_HEADS = {"zh": ("产品", "批号", "数量", "有效期至", "GTIN"), "en": ("Product", "Batch", "Quantity", "Use by", "GTIN")}
_FONT = "font-family:system-ui,'PingFang SC','Noto Sans SC','Microsoft YaHei',sans-serif;font-size:16px;line-height:1.6"
_BODY = "max-width:42em;margin:0 auto;padding:0 12px"
_BREAKS = "overflow-wrap:anywhere;word-break:break-word"
_CELL = f"border:1px solid #767676;padding:4px 8px;text-align:left;vertical-align:top;{_BREAKS}"
_WHOLE = '<span style="white-space:nowrap">%s</span>'


def html_of(facts: LetterFacts, language: str) -> str:
    """The whole letter as a document."""
    first, second = order_of(language)
    return (f'<!doctype html><html lang="{_tag(first)}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>'
            f'{escape(subject_of(facts, language))}</title></head><body style="{_FONT};{_BODY}">'
            f'<p lang="{_tag(second)}">{escape(hint(first))}</p>{body_of(facts, first)}<hr>{body_of(facts, second)}'
            "</body></html>")


def body_of(facts: LetterFacts, language: str) -> str:
    """The letter in one language, as it also shows in the preview."""
    return f'<div lang="{_tag(language)}">{"".join(_shown(facts, language))}</div>'


def _tag(language: str) -> str:
    return "zh-CN" if language == "zh" else "en"


def _shown(facts: LetterFacts, language: str) -> Iterator[str]:
    for part in parts_of(facts, language):
        if part.kind == "lots":
            yield _table(facts, language)
        elif part.text.strip():
            yield _one(part)


def _one(part: Part) -> str:
    text = escape(part.text.strip())
    if part.kind == "heading":
        return f'<h2 style="font-size:18px;margin:20px 0 4px">{text}</h2>'
    if part.kind == "link":
        return f'<p><a href="{text}" style="{_BREAKS}">{text}</a></p>'
    return f"<p>{text}</p>"


def _table(facts: LetterFacts, language: str) -> str:
    """A batch a row: what it is, and beside it which, how many, until when. Two columns fit a phone as they are, also
    in mail clients that know no media queries."""
    product, *names = _HEADS[language]
    heads = "".join(f'<th scope="col" style="{_CELL};width:50%">{escape(head)}</th>'
                    for head in (product, names[0]))
    rows = "".join(_row(lot, names, facts, language) for lot in facts.lots)
    return (f'<table style="border-collapse:collapse;width:100%"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table>")


def _row(lot: LetterLot, names: list[str], facts: LetterFacts, language: str) -> str:
    _number, quantity, expiry, gtin = names
    code = _line(gtin, lot.gtin or "", language)
    number = escape(lot.number + new_mark(lot, facts, language))
    said = _line(quantity, amount_of(lot, language), language) + _line(
        expiry, lot.expires_on.isoformat() if lot.expires_on else "", language)
    return (f'<tr><td style="{_CELL}">{escape(lot.name[language])}{code}</td>'
            f'<td style="{_CELL}"><strong>{number}</strong>{said}</td></tr>')


def _line(name: str, value: str, language: str) -> str:
    """One fact of a batch on a line of its own; nothing where it is not known."""
    colon = "：" if language == "zh" else ": "
    return f"<br>{escape(name)}{colon}{_WHOLE % escape(value)}" if value else ""
