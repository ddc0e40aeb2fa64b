"""What the story is made of, as rows in data/: materials, products, recipes, test limits, rates, names, phrases."""
from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from traceapp.gs1 import check_digit

_DATA = Path(__file__).parent / "data"
# GS1 keeps the prefix 952 for demonstrations and examples. Source: GS1 company prefix list.
COMPANY_PREFIX = "9520426"
_INDICATORS = {"unit": "0", "inner": "1", "case": "3", "pallet": "5"}


@dataclass(frozen=True, slots=True)
class Supplier:
    code: str
    name_zh: str
    name_en: str
    country: str
    region: str
    city: str
    origin: str


@dataclass(frozen=True, slots=True)
class Material:
    """`span`: about how many batches one lot feeds; `step`: lots come in multiples of it; `sample`: taken for testing;
    `is_made`: we make it ourselves, tested `wait_days` later."""

    code: str
    prefix: str
    name_zh: str
    name_en: str
    unit: str
    suppliers: tuple[str, ...]
    span: int
    step: Decimal
    shelf_days: int
    sample: Decimal
    is_made: bool
    wait_days: int


@dataclass(frozen=True, slots=True)
class Item:
    """A product for sale. `packs`: units in an inner pack, case and pallet; `batches` in two years at scale 1."""

    code: str
    prefix: str
    kind: str
    name_zh: str
    name_en: str
    registration: str
    risk_class: str
    shelf_days: int
    storage_zh: str
    storage_en: str
    min_c: Decimal
    max_c: Decimal
    usage_zh: str
    usage_en: str
    reference: str
    packs: tuple[tuple[str, int], ...]
    batch_size: int
    batches: int
    retained: int
    wait_days: int
    lines: tuple[str, ...]

    def gtin(self, level: str) -> str:
        """The GTIN-14 of one of its packs."""
        body = f"{_INDICATORS[level]}{COMPANY_PREFIX}{self.reference}"
        return body + check_digit(body)

    @property
    def case_units(self) -> int:
        return dict(self.packs)["case"]


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """`output` units take `quantity` of the material, of which the share `loss` is lost."""

    output: Decimal
    material: str
    quantity: Decimal
    loss: Decimal


@dataclass(frozen=True, slots=True)
class TestRow:
    """A characteristic: a number around `mean` within limits, or words that must be `expected`."""

    __test__ = False

    name_zh: str
    name_en: str
    unit: str
    mean: float
    spread: float
    lower: Decimal | None
    upper: Decimal | None
    decimals: int
    expected: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Reports per million units over the whole life of a unit, by kind; delays in mean days.

    `data/rates.csv` is the one table of them: the complaints are drawn with these numbers, and the detector is told
    the rate of harm and the delays as the product's basis.
    """

    harm: float
    quality: float
    service: float
    use_mean_days: float
    report_shape: float
    report_mean_days: float
    note: str


@dataclass(frozen=True, slots=True)
class Phrase:
    kind: str
    part: str
    zh: str
    en: str
    terms: tuple[str, ...]


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@cache
def suppliers() -> dict[str, Supplier]:
    """Suppliers by code."""
    return {row["code"]: Supplier(**row) for row in _rows("suppliers")}


@cache
def materials() -> dict[str, Material]:
    """Materials by code, in the order in which they can be created."""
    return {row["code"]: Material(
        row["code"], row["prefix"], row["name_zh"], row["name_en"], row["unit"], _parts(row["suppliers"]),
        int(row["span"]), Decimal(row["step"]), int(row["shelf_days"]), Decimal(row["sample"]), row["made"] == "1",
        int(row["wait_days"])) for row in _rows("materials")}


@cache
def items() -> dict[str, Item]:
    """Products for sale by code."""
    return {row["code"]: Item(
        row["code"], row["prefix"], row["kind"], row["name_zh"], row["name_en"], row["registration"],
        row["risk_class"], int(row["shelf_days"]), row["storage_zh"], row["storage_en"], Decimal(row["min_c"]),
        Decimal(row["max_c"]), row["usage_zh"], row["usage_en"], row["item"],
        tuple((level, int(row[level])) for level in ("inner", "case", "pallet")), int(row["batch_size"]),
        int(row["batches"]), int(row["retained"]), int(row["wait_days"]), _parts(row["lines"]))
        for row in _rows("products")}


@cache
def recipes() -> dict[str, tuple[RecipeRow, ...]]:
    """The lines of each recipe by product or made material."""
    found: dict[str, list[RecipeRow]] = {}
    for row in _rows("recipes"):
        found.setdefault(row["product"], []).append(RecipeRow(
            Decimal(row["output"]), row["material"], Decimal(row["quantity"]), Decimal(row["loss"])))
    return {code: tuple(lines) for code, lines in found.items()}


@cache
def tests() -> dict[str, tuple[TestRow, ...]]:
    """What is tested of each product and material."""
    found: dict[str, list[TestRow]] = {}
    for row in _rows("tests"):
        found.setdefault(row["product"], []).append(TestRow(
            row["name_zh"], row["name_en"], row["unit"], float(row["mean"] or 0), float(row["spread"] or 0),
            _number(row["lower"]), _number(row["upper"]), int(row["decimals"] or 0), row["expected"]))
    return {code: tuple(lines) for code, lines in found.items()}


@cache
def rates() -> dict[str, Rate]:
    """The stated rates of complaints by product."""
    return {row["product"]: Rate(
        float(row["harm"]) / 1e6, float(row["quality"]) / 1e6, float(row["service"]) / 1e6,
        float(row["use_mean_days"]), float(row["report_shape"]), float(row["report_mean_days"]), row["note"])
        for row in _rows("rates")}


@cache
def phrases() -> tuple[Phrase, ...]:
    """What people say, in parts that fit together."""
    return tuple(Phrase(row["kind"], row["part"], row["zh"], row["en"], _parts(row["terms"]))
                 for row in _rows("phrases"))


@cache
def texts() -> dict[str, str]:
    """What staff writes, by occasion."""
    return {row["key"]: row["text"] for row in _rows("texts")}


@cache
def cities() -> tuple[tuple[str, str, str], ...]:
    """(region, city, city in English)."""
    return tuple((row["region"], row["city"], row["en"]) for row in _rows("cities"))


@cache
def names() -> tuple[tuple[str, str], ...]:
    """Invented proper names (Chinese, English)."""
    return tuple((row["zh"], row["en"]) for row in _rows("names"))
