"""A file for an authority as DOCX, PDF, XLSX and JSON, and its list of consignees as a table of its own. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import BinaryIO

from traceapp.core.quantity import plain
from traceapp.export.form_pdf import form_pdf
from traceapp.export.form_sheet import Cell, FilledForm, Group, Table
from traceapp.export.form_xlsx import form_xlsx
from traceapp.export.psur import blocks, docx
from traceapp.export.spreadsheet import MEDIA_TYPES, Column, Record, Value, json_chunks, write_table

from . import readers as read
from .dossier import ConsigneeLine, DossierLot, RecallDossier
from .fields import FieldGroup, FileField, FileKind, is_missing, missing_fields, said, shown

# What stands in the document itself; longer lists stand whole in the table beside it and in the JSON.
LISTED_CONSIGNEES, LISTED_LOTS = 200, 500
SCHEMA = "traceapp.recall-file/1"


@dataclass(frozen=True, slots=True)
class Consignees:
    """Every line of the ledger, in order; read anew each time that it is asked for."""

    count: int
    lines: Callable[[], Iterator[ConsigneeLine]]


@dataclass(frozen=True, slots=True)
class Copy:
    """One form of a file: what it is called and how it is written. `language` is empty for the JSON."""

    name: str
    form: str
    language: str
    media_type: str
    write: Callable[[BinaryIO], object]


def copies_of(kind: FileKind, dossier: RecallDossier, consignees: Consignees) -> Iterator[Copy]:
    """Every form of a file, in every language that it is made in."""
    stem = f"{dossier.reference}-{kind.name}-v{dossier.version}"
    for language in kind.languages:
        form = filled(kind, dossier, language, consignees)
        yield Copy(f"{stem}-{language}.docx", "docx", language, docx.MEDIA_TYPE, _given(form_docx, form))
        yield Copy(f"{stem}-{language}.pdf", "pdf", language, "application/pdf", _given(form_pdf, form))
        yield Copy(f"{stem}-{language}.xlsx", "xlsx", language, MEDIA_TYPES["xlsx"],
                   _given(form_xlsx, form))
    if kind.lists_consignees:
        language = kind.languages[0]
        yield Copy(consignees_name(kind, dossier), "consignees", language, MEDIA_TYPES["xlsx"],
                   lambda file: write_table(file, "xlsx", columns(language), rows_in_words(consignees, language),
                                            (_CONSIGNEES[language], dossier.at)))
    yield Copy(f"{stem}.json", "json", "", MEDIA_TYPES["json"], lambda file: _write_json(
        file, kind, dossier, consignees))


def consignees_name(kind: FileKind, dossier: RecallDossier) -> str:
    """The name of the table with every consignee."""
    return f"{dossier.reference}-{kind.name}-v{dossier.version}-consignees.xlsx"


def _given(make: Callable[[FilledForm], bytes], form: FilledForm) -> Callable[[BinaryIO], object]:
    return lambda file: file.write(make(form))


# --- the document

_TEXTS = 5  # columns of words at the left of each table

_CONSIGNEES = {"en": "Consignees", "zh": "收货单位"}
_UNTOLD = {"en": "not told yet", "zh": "尚未通知"}
_LOTS = {"en": "Batches in scope", "zh": "涉及批次"}
_MISSING = {"en": "Required and not available", "zh": "法规要求但尚未提供的内容"}
_MISSING_LABEL = {"en": "Missing", "zh": "缺项"}
_WHOLE = {"en": "Complete: every required field is filled.", "zh": "内容完整：法规要求的各项均已填写。"}
_REST = {"en": "%d lines. The first %d follow; the complete list stands in %s.",
         "zh": "共 %d 行，下列前 %d 行；完整清单见 %s。"}
_NOTE = {"en": "%s · version %d · made %s · %s", "zh": "%s · 第 %d 版 · 生成于 %s · %s"}
_SCOPE = {"en": "Scope %d · SHA-256 %s", "zh": "召回范围第 %d 版 · SHA-256 %s"}
_DRILL = {"en": "DRILL: not to be sent. ", "zh": "演练文件，不得对外发送。"}


def filled(kind: FileKind, dossier: RecallDossier, language: str, consignees: Consignees) -> FilledForm:
    """The form with all that the case says; what is missing is said in its field and once more at the end."""
    groups: list[Group] = []
    for group in kind.groups:
        groups += _groups(group, kind, dossier, language, consignees)
    missing = [one for one in kind.fields if is_missing(one, dossier, language)]
    text = "\n".join(f"{one.number} {one.title(language)}".strip()
                     + (f" ({one.source})" if one.source != kind.source else "") for one in missing)
    groups.append(Group(_MISSING[language], (Cell("", _MISSING_LABEL[language], text or _WHOLE[language]),)))
    note = _NOTE[language] % (dossier.reference, dossier.version, read.moment(dossier.at, language), kind.source)
    if dossier.scope_hash and not kind.is_for_users:
        note += "\n" + _SCOPE[language] % (dossier.scope_number, dossier.scope_hash)
    drill = _DRILL[language] if dossier.is_drill else ""
    return FilledForm(drill + kind.title(language), dossier.reference, dossier.at, groups, language, note)


def _groups(group: FieldGroup, kind: FileKind, dossier: RecallDossier, language: str,
            consignees: Consignees) -> Iterator[Group]:
    """The fields of a group; a table stands behind the field that it belongs to."""
    title, cells = group.title(language), []
    for one in group.fields:
        cells.append(Cell(one.number, one.title(language), shown(one, dossier, language), key=one.key))
        if one.table:
            yield Group(title, tuple(cells))
            title, cells = "", []
            yield from _table(one, kind, dossier, language, consignees)
    if cells:
        yield Group(title, tuple(cells))


def _table(one: FileField, kind: FileKind, dossier: RecallDossier, language: str,
           consignees: Consignees) -> Iterator[Group]:
    name = consignees_name(kind, dossier)
    if one.table in ("lots", "devices"):
        if dossier.lots:
            table = lots_table(dossier.lots[:LISTED_LOTS], language, with_figures=one.table == "lots")
            yield _listed(_LOTS[language], table, len(dossier.lots),
                          f"{dossier.reference}-{kind.name}-v{dossier.version}.json", language)
    elif consignees.count:
        lines = [line for line, _ in zip(consignees.lines(), range(LISTED_CONSIGNEES), strict=False)]
        yield _listed(_CONSIGNEES[language], consignees_table(lines, language), consignees.count, name, language)


def _listed(title: str, table: Table, count: int, name: str, language: str) -> Group:
    cells: tuple[Cell, ...] = ()
    if count > len(table.rows):
        cells = (Cell("", title, _REST[language] % (count, len(table.rows), name)),)
    return Group(title, cells, table, level=2)


def lots_table(lots: tuple[DossierLot, ...], language: str, *, with_figures: bool = True) -> Table:
    """The batches, with their figures where the reader is an authority."""
    heads = (("批号", "产品", "GTIN", "生产日期", "有效期至", "生产", "库存", "发运") if language == "zh" else
             ("Batch", "Product", "GTIN", "Made on", "Use by", "Made", "In stock", "Shipped"))
    found = tuple((one.number, one.name_zh if language == "zh" else one.name_en, one.gtin, read.day(one.made_on),
                   read.day(one.expires_on), *(read.amount(value, one.unit, language)
                                               for value in (one.made, one.in_stock, one.shipped))) for one in lots)
    shown = len(heads) if with_figures else _TEXTS
    return Table(heads[:shown], tuple(row[:shown] for row in found), (23, 21, 31, 21, 21, 19, 17, 17)[:shown], _TEXTS)


def consignees_table(lines: list[ConsigneeLine], language: str) -> Table:
    """Consignees with address, telephone, despatches, and what they said."""
    heads = (("收货单位", "地址、电话", "批号", "发运日期和数量", "通知", "库存", "已用",
              "转交", "退回", "销毁、纠正") if language == "zh" else
             ("Consignee", "Address, telephone", "Batch", "Dates and numbers distributed", "Told", "On hand", "Used",
              "Passed on", "Returned", "Destroyed, corrected"))
    found = tuple((_name(one, language), _address(one, language), one.lot, _despatches(one, language),
                   read.day(one.told_at, language) or _UNTOLD[language],
                   *("–" if value is None else read.amount(value, "", language) for value in _said(one)))
                  for one in lines)
    return Table(heads, found, (17, 17, 22, 20, 18, 14, 14, 13, 16, 19), _TEXTS)


def _said(one: ConsigneeLine) -> tuple[Decimal | None, ...]:
    """On hand, used, passed on, returned, destroyed or corrected; nothing of who has not answered."""
    if one.on_hand is None:
        return None, None, None, None, None
    return one.on_hand, one.used, one.passed_on, one.returned, one.destroyed + one.corrected


def _name(one: ConsigneeLine, language: str) -> str:
    return one.name_zh if language == "zh" else one.name_en


def _address(one: ConsigneeLine, language: str) -> str:
    return read.joined((read.address(one, language), one.phone), language)


def _despatches(one: ConsigneeLine, language: str) -> str:
    return read.joined((f"{day.isoformat()}: {read.amount(units, one.unit, language)}" for day, units in one.shipments),
                       language, "\n")


def form_docx(form: FilledForm) -> bytes:
    """The form as a document that can be edited. Equal forms give equal bytes."""
    made: list[blocks.Block] = [blocks.Heading(form.title, 1), blocks.Paragraph(form.note)]
    for group in form.groups:
        if group.title:
            made.append(blocks.Heading(group.title))
        if group.cells:
            made.append(blocks.Table(("", ""), [(cell.label, cell.words) for cell in group.cells], widths=(30, 70)))
        if group.table is not None:
            table = group.table
            made.append(blocks.Table(table.heads, table.rows, frozenset(range(table.texts, len(table.heads))),
                                     table.widths))
    return docx.docx(made, f"{form.code} · {form.title}")


# --- the data

_COLUMNS = (
    ("consignee", "收货单位编号", "Consignee code"), ("name", "名称", "Name"), ("gln", "GLN", "GLN"),
    ("country", "国家", "Country"), ("region", "地区", "Region"), ("city", "城市", "City"),
    ("address", "地址", "Address"), ("postcode", "邮编", "Postcode"), ("phone", "电话", "Telephone"),
    ("lot", "批号", "Batch"), ("unit", "单位", "Unit"), ("shipped", "发运数量（净）", "Shipped, net"),
    ("shipments", "发运日期和数量", "Dates and numbers distributed"), ("told_at", "通知时间", "Told at"),
    ("letter", "通知状态", "State of the letter"), ("answered_at", "答复时间", "Answered at"),
    ("on_hand", "库存", "On hand"), ("used", "已用", "Used"), ("returned", "退回", "Returned"),
    ("passed_on", "转交", "Passed on"), ("passed_to", "转交给", "Passed on to"), ("destroyed", "销毁", "Destroyed"),
    ("corrected", "纠正", "Corrected"), ("came_back", "我方清点退回", "Counted at our gate"))


_WIDTHS = {"name": 30, "address": 40, "shipments": 40, "passed_to": 30, "country": 9, "postcode": 10, "unit": 8,
           "told_at": 22, "answered_at": 22, **dict.fromkeys(("shipped", "on_hand", "used", "returned", "passed_on",
                                                              "destroyed", "corrected", "came_back"), 14)}


def columns(language: str) -> list[Column]:
    """The columns of the list of consignees."""
    return [Column(key, zh if language == "zh" else en, _WIDTHS.get(key, 18)) for key, zh, en in _COLUMNS]


# State of a letter, as people read it.
_LETTERS = {"queued": ("待发送", "on its way"), "sent": ("已送达邮件服务器或短信网关", "taken by the server"),
            "not_sent": ("未发出", "not sent"), "uncertain": ("可能已发出", "perhaps sent"),
            "answered": ("已答复", "answered")}


def rows_in_words(consignees: Consignees, language: str) -> Iterator[Record]:
    """The rows as an authority reads them: words instead of codes, moments in the zone of the file."""
    at = 0 if language == "zh" else 1
    for one in consignees.lines():
        yield _row(one, language) | {
            "country": read.country_name(one.country, language), "region": read.place_name(one.region, language),
            "city": read.place_name(one.city, language), "unit": read.unit_name(one.unit, language),
            "letter": _LETTERS.get(one.letter, (one.letter, one.letter))[at],
            "told_at": read.moment(one.told_at, language) or _UNTOLD[language],
            "answered_at": read.moment(one.answered_at, language)}


def rows(consignees: Consignees, language: str) -> Iterator[Record]:
    """Its rows as data, one at a time."""
    for one in consignees.lines():
        yield _row(one, language)


def _row(one: ConsigneeLine, language: str) -> dict[str, Value]:
    return {
        "consignee": one.consignee, "name": _name(one, language), "gln": one.gln, "country": one.country,
        "region": one.region, "city": one.city, "address": one.address, "postcode": one.postcode,
        "phone": one.phone, "lot": one.lot, "unit": one.unit, "shipped": one.shipped,
        "shipments": [f"{day.isoformat()}: {plain(units)}" for day, units in one.shipments],
        "told_at": one.told_at, "letter": one.letter, "answered_at": one.answered_at, "on_hand": one.on_hand,
        "used": one.used, "returned": one.returned, "passed_on": one.passed_on, "passed_to": one.passed_to,
        "destroyed": one.destroyed, "corrected": one.corrected, "came_back": one.came_back}


def _write_json(file: BinaryIO, kind: FileKind, dossier: RecallDossier, consignees: Consignees) -> None:
    held = consignees if kind.lists_consignees else Consignees(0, lambda: iter(()))
    for piece in json_chunks(columns("en"), rows(held, kind.languages[0]), json_head(kind, dossier)):
        file.write(piece)


def json_head(kind: FileKind, dossier: RecallDossier) -> dict[str, object]:
    """The file as data, without its consignees: every field with its source, and the keys of those that are missing."""
    return {
        "schema": SCHEMA, "kind": kind.name, "jurisdiction": kind.jurisdiction, "source": kind.source,
        "reference": dossier.reference, "version": dossier.version, "made_at": dossier.at.isoformat(),
        "is_drill": dossier.is_drill, "scope_hash": dossier.scope_hash,
        "fields": [{"key": one.key, "number": one.number, "source": one.source, "origin": str(one.origin),
                    "is_required": one.is_required, "title": {"en": one.en, "zh": one.zh},
                    "value": {language: said(one, dossier, language) or None for language in kind.languages}}
                   for one in kind.fields],
        "missing": [one.key for one in missing_fields(kind, dossier)],
        "lots": [{"number": one.number, "uri": one.uri, "gtin": one.gtin or None, "made": plain(one.made),
                  "in_stock": plain(one.in_stock), "shipped": plain(one.shipped), "unit": one.unit,
                  "made_on": read.day(one.made_on) or None, "expires_on": read.day(one.expires_on) or None,
                  "serials": [list(pair) for pair in one.serials]} for one in dossier.lots]}


def bytes_of(copy: Copy) -> bytes:
    """A copy in memory."""
    file = BytesIO()
    copy.write(file)
    return file.getvalue()
