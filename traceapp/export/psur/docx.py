"""Blocks as an Office Open XML document: headings, paragraphs, tables, charts that stay drawings, numbered pages. Pure.

Source: ECMA-376 part 1: WordprocessingML (17), DrawingML charts (21.2), packaging (part 2).
"""
from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from traceapp.export.plain_zip import member

from .blocks import Block, Chart, Heading, Paragraph, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTENT = "application/vnd.openxmlformats-officedocument"
_WIDTH_TWIPS = 9638  # A4 without margins of 20 mm
_CHART_EMU = (6_120_000, 2_340_000)
_FONTS = '<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="SimSun" w:cs="Arial"/>'
_LANGUAGES = '<w:lang w:val="en-GB" w:eastAsia="zh-CN"/>'
_SMALL, _FOOT = '<w:sz w:val="17"/>', '<w:rPr><w:color w:val="555555"/><w:sz w:val="16"/></w:rPr>'
_GAP = '<w:p><w:pPr><w:spacing w:after="0" w:line="120" w:lineRule="exact"/></w:pPr></w:p>'
_MARGINS = '<w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
_BOLD = '<w:rPr><w:b/><w:sz w:val="%d"/></w:rPr>'
_STYLES = (
    f'{_HEAD}<w:styles xmlns:w="{_WORD}"><w:docDefaults><w:rPrDefault><w:rPr>{_FONTS}<w:sz w:val="20"/>'
    f'{_LANGUAGES}</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="276" '
    'w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" '
    'w:styleId="Normal"><w:name '
    'w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn '
    f'w:val="Normal"/>{_BOLD % 36}</w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name '
    'w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:pPr><w:keepNext/><w:spacing '
    f'w:before="280"/><w:outlineLvl w:val="0"/></w:pPr>{_BOLD % 26}</w:style></w:styles>')


def docx(blocks: Sequence[Block], foot: str = "") -> bytes:
    """The bytes of the document; `foot` stands at the foot of each page, beside its number. Equal blocks give equal
    bytes."""
    charts = [block for block in blocks if isinstance(block, Chart)]
    body, number = [], 0
    for block in blocks:
        number += isinstance(block, Chart)
        body.append(_block(block, number))
    files = {
        "[Content_Types].xml": _types(len(charts)),
        "_rels/.rels": _relations([("officeDocument", "word/document.xml")]),
        "word/document.xml": _document("".join(body), f"rId{len(charts) + 2}"), "word/styles.xml": _STYLES,
        "word/footer1.xml": _footer(foot),
        "word/_rels/document.xml.rels": _relations(
            [("styles", "styles.xml"), *(("chart", f"charts/chart{at}.xml") for at in range(1, len(charts) + 1)),
             ("footer", "footer1.xml")])}
    files |= {f"word/charts/chart{at}.xml": _chart(chart) for at, chart in enumerate(charts, 1)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            package.writestr(member(name, zipfile.ZIP_DEFLATED), text.encode("utf-8"))
    return out.getvalue()


def _types(charts: int) -> str:
    parts = "".join(f'<Override PartName="/word/charts/chart{at}.xml" ContentType="{_CONTENT}.drawingml.chart+xml"/>'
                    for at in range(1, charts + 1))
    return (f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            f'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{_CONTENT}.'
            f'wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="{_CONTENT}.'
            f'wordprocessingml.styles+xml"/><Override PartName="/word/footer1.xml" ContentType="{_CONTENT}.'
            f'wordprocessingml.footer+xml"/>{parts}</Types>')


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f'<Relationship Id="rId{at}" Type="{_OFFICE}/relationships/{kind}" Target="{target}"/>'
                   for at, (kind, target) in enumerate(targets, 1))
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _document(body: str, footer: str) -> str:
    return (f'{_HEAD}<w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}/relationships" xmlns:a="{_DRAWING}/main" '
            f'xmlns:wp="{_DRAWING}/wordprocessingDrawing" xmlns:c="{_DRAWING}/chart"><w:body>{body}<w:sectPr>'
            f'<w:footerReference w:type="default" r:id="{footer}"/>'
            '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" '
            'w:header="567" w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>')


def _footer(text: str) -> str:
    """The text on the left, the number of the page and of all on the right."""
    numbers = f"{_field('PAGE')}<w:r>{_FOOT}<w:t xml:space=\"preserve\"> / </w:t></w:r>{_field('NUMPAGES')}"
    return (f'{_HEAD}<w:ftr xmlns:w="{_WORD}"><w:p><w:pPr><w:tabs><w:tab w:val="right" w:pos="{_WIDTH_TWIPS}"/>'
            f'</w:tabs></w:pPr><w:r>{_FOOT}{_lines(text)}<w:tab/></w:r>{numbers}</w:p></w:ftr>')


def _field(name: str) -> str:
    return f'<w:fldSimple w:instr=" {name} "><w:r>{_FOOT}<w:t>1</w:t></w:r></w:fldSimple>'


def _block(block: Block, chart: int) -> str:
    if isinstance(block, Heading):
        style = "Title" if block.level == 1 else "Heading1"
        return _paragraph(block.text, f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>')
    if isinstance(block, Paragraph):
        return _paragraph(block.text)
    if isinstance(block, Table):
        return _table(block) + _GAP
    return _drawing(block, chart)


def _paragraph(text: str, style: str = "") -> str:
    return f"<w:p>{style}<w:r>{_lines(text)}</w:r></w:p>"


def _lines(text: str) -> str:
    """The text of a run, broken where it breaks."""
    return "<w:br/>".join(f'<w:t xml:space="preserve">{_said(line)}</w:t>' for line in text.split("\n"))


def _said(text: str) -> str:
    """The text without what XML cannot carry."""
    return escape("".join(one for one in text if one.isprintable() or one == " "), {'"': "&quot;"})


def _table(table: Table) -> str:
    shares = table.widths or [1] * len(table.head)
    widths = [_WIDTH_TWIPS * share // sum(shares) for share in shares]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    edges = "".join(f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="999999"/>'
                    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"))
    rows = [_row(table, table.head, widths, is_head=True)] if any(table.head) else []
    rows += [_row(table, row, widths) for row in table.rows]
    return (f'<w:tbl><w:tblPr><w:tblW w:w="{_WIDTH_TWIPS}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
            f'<w:tblLayout w:type="fixed"/>{_MARGINS}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(rows)}</w:tbl>')


def _row(table: Table, cells: Sequence[str], widths: Sequence[int], *, is_head: bool = False) -> str:
    """A row; of a table without heads the first column is what the others are about."""
    has_heads, said = any(table.head), []
    for at, text in enumerate(cells):
        align = '<w:jc w:val="right"/>' if at in table.numbers else ""
        form = f'<w:rPr>{"<w:b/>" if is_head else ""}{_SMALL}</w:rPr>' if has_heads else ""
        is_shaded = is_head or (not has_heads and at == 0)
        shade = '<w:shd w:val="clear" w:color="auto" w:fill="EEEEEE"/>' if is_shaded else ""
        said.append(f'<w:tc><w:tcPr><w:tcW w:w="{widths[at]}" w:type="dxa"/>{shade}</w:tcPr><w:p><w:pPr><w:spacing '
                    f'w:before="20" w:after="40" w:line="252" w:lineRule="auto"/>{align}</w:pPr><w:r>{form}'
                    f"{_lines(text)}</w:r></w:p></w:tc>")
    head = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>" if is_head else "<w:trPr><w:cantSplit/></w:trPr>"
    return f'<w:tr>{head}{"".join(said)}</w:tr>'


def _drawing(chart: Chart, number: int) -> str:
    width, height = _CHART_EMU
    return (f'<w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{width}" '
            f'cy="{height}"/><wp:docPr id="{number}" name="chart {number}" descr="{_said(chart.title)}"/>'
            f'<wp:cNvGraphicFramePr/><a:graphic><a:graphicData uri="{_DRAWING}/chart"><c:chart r:id="rId{number + 1}"/>'
            '</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>')


def _chart(chart: Chart) -> str:
    names = "".join(f'<c:pt idx="{at}"><c:v>{_said(label)}</c:v></c:pt>' for at, label in enumerate(chart.labels))
    values = "".join(f'<c:pt idx="{at}"><c:v>{value:g}</c:v></c:pt>' for at, value in enumerate(chart.values))
    count = f'<c:ptCount val="{len(chart.values)}"/>'
    title = ('<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1100" b="0"/></a:pPr><a:r><a:rPr '
             f'lang="zh-CN" sz="1100" b="0"/><a:t>{_said(chart.title)}</a:t></a:r></a:p></c:rich></c:tx>'
             '<c:overlay val="0"/></c:title>')
    series = ('<c:ser><c:idx val="0"/><c:order val="0"/><c:spPr><a:solidFill><a:srgbClr val="0B5D5E"/></a:solidFill>'
              f'</c:spPr><c:invertIfNegative val="0"/><c:cat><c:strLit>{count}{names}</c:strLit></c:cat><c:val>'
              f'<c:numLit><c:formatCode>General</c:formatCode>{count}{values}</c:numLit></c:val></c:ser>')
    return (f'{_HEAD}<c:chartSpace xmlns:c="{_DRAWING}/chart" xmlns:a="{_DRAWING}/main"><c:chart>{title}'
            '<c:autoTitleDeleted val="0"/><c:plotArea><c:layout/><c:barChart><c:barDir val="col"/><c:grouping '
            f'val="clustered"/><c:varyColors val="0"/>{series}<c:gapWidth val="60"/><c:axId val="1"/><c:axId val="2"/>'
            '</c:barChart><c:catAx><c:axId val="1"/><c:scaling><c:orientation val="minMax"/></c:scaling><c:delete '
            'val="0"/><c:axPos val="b"/><c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:scaling>'
            '<c:orientation val="minMax"/><c:min val="0"/></c:scaling><c:delete val="0"/><c:axPos val="l"/>'
            '<c:majorGridlines/><c:crossAx val="1"/></c:valAx></c:plotArea><c:plotVisOnly val="1"/></c:chart>'
            '</c:chartSpace>')
