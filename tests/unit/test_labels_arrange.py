"""Whatever is on a label: nothing overlaps, nothing lies outside, every quiet zone stays white."""

from __future__ import annotations

import io

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import labels
from labels import LabelError, LabelSpec, Line, Mark
from labels.footprint import Encoder
from labels.layout import Composed, compose
from labels.text_block import ASCENT
from labels.typeface import POINT_MM, typeface

BARE = labels.fonts.latin_with(None)
SETTING = typeface(BARE, "nothing")
URI = "https://t.example.cn/01/06901234567892/10/A2401B"
UNIT = (("01", "06901234567892"), ("17", "290228"), ("10", "A2401B"))
LINES = (
    Line("RECALLED", "status"),
    Line("Hydrocolloid dressing, thin", "name"),
    Line("Sterile, for single use", "subname"),
    Line("A2401B", caption="LOT"),
    Line("2029-02-28", caption="EXP"),
    Line("(01)06901234567892(17)290228(10)A2401B", "hri"),
    Line("Keep dry", "note"),
)
MARKS = (
    Mark("gs1-datamatrix", UNIT),
    Mark("gs1-datamatrix", UNIT, rectangular=True),
    Mark("gs1-128", UNIT, "(01)06901234567892(17)290228(10)A2401B"),
    Mark("gs1-128", (("10", "A2401B"),), "(10)A2401B"),
)

Area = tuple[float, float, float, float]

specs = st.builds(
    LabelSpec,
    text=st.sampled_from(["", URI]),
    lines=st.lists(st.sampled_from(LINES), max_size=7, unique=True).map(tuple),
    format=st.just("png"),
    module_mm=st.floats(0.4, 0.8),
    dpi=st.sampled_from([203, 300, 600]),
    width_mm=st.none() | st.floats(30, 150),
    height_mm=st.none() | st.floats(15, 120),
    padding_mm=st.floats(0, 4),
    marks=st.lists(st.sampled_from(MARKS), min_size=1, max_size=3).map(tuple),
    text_scale=st.floats(0.5, 2),
)


def areas(label: Composed) -> list[tuple[str, Area]]:
    """What everything takes: symbols with their quiet zones, rows of text, black."""
    found = []
    for placed in label.symbols:
        foot, module = placed.foot, placed.foot.module.mm
        left, top = placed.x_mm - foot.quiet_sides * module, placed.y_mm - foot.quiet_ends * module
        found.append(("symbol", (left, top, left + foot.width_mm, top + foot.height_mm)))
    for row in label.texts:
        em = row.size_pt * POINT_MM
        top = row.baseline_mm - em * ASCENT
        found.append(("light" if row.light else "text", (row.x_mm, top, row.x_mm + row.width_mm, top + em)))
    return found


def meet(one: Area, other: Area) -> bool:
    slack = 1e-6
    return (
        one[0] < other[2] - slack and other[0] < one[2] - slack and one[1] < other[3] - slack and other[1] < one[3] - slack
    )  # fmt: skip


@given(specs, st.sampled_from(["bulk", "printer"]))
@settings(max_examples=300, deadline=None)
def test_nothing_overlaps_and_nothing_lies_outside(spec: LabelSpec, encoder: Encoder) -> None:
    try:
        label = compose(spec, SETTING, encoder)
    except LabelError:
        return
    everything = areas(label)
    for number, (kind, area) in enumerate(everything):
        assert area[0] >= -1e-6
        assert area[1] >= -1e-6
        assert area[2] <= label.width_mm + 1e-6
        assert area[3] <= label.height_mm + 1e-6
        for other_kind, other in everything[:number]:
            assert not meet(area, other), (kind, other_kind)
    for box in label.boxes:
        black = (box.x_mm, box.y_mm, box.x_mm + box.width_mm, box.y_mm + box.height_mm)
        for kind, area in everything:
            assert meet(black, area) == (kind == "light")


@given(specs)
@settings(max_examples=25, deadline=None)
def test_whatever_is_not_refused_is_read_back_whole(spec: LabelSpec) -> None:
    try:
        data = labels.render(spec, BARE)
    except LabelError:
        return
    image = Image.open(io.BytesIO(data)).convert("L")
    read = {found.symbology_identifier for found in zxingcpp.read_barcodes(image)}
    kinds = {"]d2" if mark.symbology == "gs1-datamatrix" else "]C1" for mark in spec.marks}
    assert read == kinds | ({"]Q1"} if spec.text else set())


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_quiet_zones_are_white_to_the_dot(dpi: int) -> None:
    spec = LabelSpec(URI, LINES[1:], dpi=dpi, width_mm=100, height_mm=70, padding_mm=1.3, marks=(MARKS[0], MARKS[2]))
    label = compose(spec, SETTING)
    dots = np.asarray(Image.open(io.BytesIO(labels.render(spec, BARE))).convert("L")) == 0
    for placed in label.symbols:
        size = placed.foot.module.dots
        left, top = int(placed.x_mm * dpi / 25.4 + 1e-6), int(placed.y_mm * dpi / 25.4 + 1e-6)
        right, bottom = left + placed.foot.wide * size, top + (placed.foot.bars_dots or placed.foot.high * size)
        sides, ends = placed.foot.quiet_sides * size, placed.foot.quiet_ends * size
        around = dots[top - ends : bottom + ends, left - sides : right + sides].copy()
        around[ends : ends + bottom - top, sides : sides + right - left] = False
        assert not around.any()
        assert dots[top:bottom, left].any()
        assert dots[top:bottom, right - 1].any()
        assert dots[top, left:right].any()
        assert dots[bottom - 1, left:right].any()
