"""The letter as a web page for a mail: both languages, no picture, nothing that is loaded. Pure."""
from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .letters import LetterFacts, Part, amount_of, hint, order_of, parts_of, subject_of

_HEADS = {"zh": ("产品", "批号", "数量", "有效期至", "GTIN"), "en": ("Product", "Batch", "Quantity", "Use by", "GTIN")}
_FONT = "font-family:system-ui,'PingFang SC','Noto Sans SC','Microsoft YaHei',sans-serif;font-size:16px;line-height:1.6"
_CELL = "border:1px solid #767676;padding:4px 8px;text-align:left"


def html_of(facts: LetterFacts, language: str) -> str:
    """The whole letter as a document."""
    first, second = order_of(language)
    return (f'<!doctype html><html lang="{_tag(first)}"><head><meta charset="utf-8"><title>'
            f'{escape(subject_of(facts, language))}</title></head><body style="{_FONT};max-width:42em;margin:0 auto">'
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
        return f'<p><a href="{text}">{text}</a></p>'
    return f"<p>{text}</p>"


def _table(facts: LetterFacts, language: str) -> str:
    columns = [(head, [value for value in values]) for head, values in zip(_HEADS[language], zip(*(
        (lot.name[language], lot.number, amount_of(lot, language),
         lot.expires_on.isoformat() if lot.expires_on else "", lot.gtin or "")
        for lot in facts.lots), strict=True), strict=True)] if facts.lots else []
    kept = [(head, values) for head, values in columns if any(values)]
    heads = "".join(f'<th scope="col" style="{_CELL}">{escape(head)}</th>' for head, _values in kept)
    rows = "".join("<tr>" + "".join(f'<td style="{_CELL}">{escape(value)}</td>' for value in row) + "</tr>"
                   for row in zip(*(values for _head, values in kept), strict=True))
    return f'<table style="border-collapse:collapse"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
