"""Which things links hang on, and which of them a code includes."""
from __future__ import annotations

import pytest

from traceapp.code.anchors import anchor_of, anchors_within, registrable_anchor
from traceapp.core.errors import InvalidInput
from traceapp.core.ids import name_key
from traceapp.gs1 import parse_path
from traceapp.trace.identity import lot_key

G = "09506000134352"


@pytest.mark.parametrize(("path", "within"), [
    (f"/01/{G}", [f"/01/{G}"]),
    (f"/01/{G}/10/L", [f"/01/{G}/10/L", f"/01/{G}"]),
    (f"/01/{G}/22/V", [f"/01/{G}/22/V", f"/01/{G}"]),
    (f"/01/{G}/22/V/10/L", [f"/01/{G}/22/V/10/L", f"/01/{G}/10/L", f"/01/{G}/22/V", f"/01/{G}"]),
    (f"/01/{G}/10/L/21/S", [f"/01/{G}/21/S", f"/01/{G}/10/L", f"/01/{G}"]),
    (f"/01/{G}/22/V/10/L/21/S", [f"/01/{G}/21/S", f"/01/{G}/22/V/10/L", f"/01/{G}/10/L", f"/01/{G}/22/V", f"/01/{G}"]),
    (f"/01/{G}/235/T", [f"/01/{G}/235/T", f"/01/{G}"]),
    ("/414/9501101530003/254/X", ["/414/9501101530003/254/X", "/414/9501101530003"]),
    ("/417/9501101530003/7040/1ABC", ["/417/9501101530003/7040/1ABC", "/417/9501101530003"]),
    ("/00/395011015300000011", ["/00/395011015300000011"]),
    ("/8006/095060001343520102/10/L/21/S", [
        "/8006/095060001343520102/21/S", "/8006/095060001343520102/10/L", "/8006/095060001343520102"])])
def test_a_code_includes_every_coarser_thing_the_finest_first(path: str, within: list[str]) -> None:
    assert [anchor.path for anchor in anchors_within(anchor_of(parse_path(path)))] == within


def test_the_key_of_a_batch_is_that_of_the_lot_itself() -> None:
    anchor = anchor_of(parse_path(f"/01/{G}/10/A%2fB?17=281104"))
    assert anchor.path == f"/01/{G}/10/A%2FB"
    assert anchor.key == lot_key(f"https://id.gs1.org/01/{G}", "A/B") == name_key(anchor.uri)
    assert (anchor.key_uri, anchor.get("10"), anchor.get("21")) == (f"https://id.gs1.org/01/{G}", "A/B", None)


@pytest.mark.parametrize("path", [
    f"/01/{G}", f"/01/{G}/22/V", f"/01/{G}/22/V/10/L", f"/01/{G}/10/L", f"/01/{G}/21/S", f"/01/{G}/235/T",
    "/8006/095060001343520102/21/S", "/8006/095060001343520102/22/V/10/L", "/414/9501101530003/254/X",
    "/414/9501101530003/7040/1ABC", "/253/9501101530003ABC", "/00/395011015300000011"])
def test_links_hang_on_what_the_rules_allow(path: str) -> None:
    assert registrable_anchor(parse_path(path)).path == path


@pytest.mark.parametrize(("path", "code"), [
    (f"/01/{G}/10/L/21/S", "serial-with-batch"), (f"/01/{G}/22/V/21/S", "serial-with-batch"),
    ("/8006/095060001343520102/10/L/21/S", "serial-with-batch"), (f"/01/{G}?17=281104", "attributes-in-anchor"),
    (f"/01/{G}/235/T?10=L", "attributes-in-anchor"), (f"/01/{G}?linkType=gs1:pip", "attributes-in-anchor"),
    ("/8004/9506000ABC", "unsupported-key"), ("/401/9506000ABC", "unsupported-key")])
def test_links_hang_on_nothing_else(path: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        registrable_anchor(parse_path(path))
    assert (refused.value.code, refused.value.place) == (code, "anchor")
