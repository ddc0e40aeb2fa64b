"""The published vectors, read where they are and never copied."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from traceapp.gs1 import LINTERS, Gs1Error, Parsed, parse, scan_data
from traceapp.gs1.escapes import escape, unescape
from traceapp.gs1.table import SEQUENCES, TABLE

CONFORMANCE = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "gs1"
LEGACY = {"permitConvenienceAlphas", "permitZeroSuppressedGTIN"}


def conformance_file(name: str) -> Path:
    path = CONFORMANCE / name
    if not path.exists():
        pytest.skip("../shared/conformance is not here")
    return path


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    return json.loads(conformance_file("vectors.json").read_text(encoding="utf-8"))


def outcome(read: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return read(*args, **options)
    except Gs1Error as error:
        return error


def options_of(flags: dict[str, Any]) -> dict[str, bool]:
    """Our options for the switches of the reference engine.

    Permitting unknown AIs is not enough there for a Digital Link: its check that an attribute is known must be off.
    """
    return {
        "legacy": bool(LEGACY & flags.keys()),
        "unknown_ais": flags.get("validation_UNKNOWN_AI_NOT_DL_ATTR") is False,
    }


def test_every_digital_link_vector_is_read_or_refused_as_published(vectors: dict[str, Any]) -> None:
    wrong = []
    for case in vectors["dl_parse"]:
        result = outcome(parse, case["uri"], **options_of(case["flags"]))
        expected = case["element_string"] if case["ok"] else None
        if (result.element_string if isinstance(result, Parsed) else None) != expected:
            wrong.append((case, result))
    assert wrong == []


def test_every_published_path_sequence_is_known(vectors: dict[str, Any]) -> None:
    assert {tuple(sequence) for sequence in vectors["dl_path_ai_sequences"]} <= SEQUENCES.keys()


def test_every_escaping_vector_comes_out_as_published(vectors: dict[str, Any]) -> None:
    for case in vectors["uri_unescape"]:
        assert (unescape(case["input"]), unescape(case["input"], query=True)) == (case["path"], case["query"])
    for case in vectors["uri_escape"]:
        assert (escape(case["input"]), escape(case["input"], query=True)) == (case["path"], case["query"])


def test_every_bracketed_vector_is_read_or_refused_as_published(vectors: dict[str, Any]) -> None:
    for case in vectors["ai_bracketed_parse"]:
        result = outcome(parse, case["ai"])
        expected = case["element_string"] if case["ok"] else None
        assert (result.element_string if isinstance(result, Parsed) else None) == expected, case


def test_every_element_string_vector_is_read_or_refused_as_published(vectors: dict[str, Any]) -> None:
    for case in vectors["ai_unbracketed_process"]:
        if case["ok"] and not case["element_string"]:
            continue  # the argument of these two was lost when they were extracted; the empty text is also a refusal
        result = outcome(parse, case["element_string"], unknown_ais="permitUnknownAIs" in case["flags"])
        assert isinstance(result, Parsed) == case["ok"], case


def test_every_scan_vector_is_written_or_refused_as_published(vectors: dict[str, Any]) -> None:
    for case in vectors["scandata_generate"]:
        result = outcome(scan_data, case["data"], case["symbology"])
        assert (None if isinstance(result, Gs1Error) else result) == case["scan"], case


def judgeable(case: dict[str, Any]) -> bool:
    """Not the twelve that ask a made-up prefix service, in which the same values pass elsewhere, nor the one of the
    test frame itself, which names no rule.
    """
    prefix_service = ("INVALID_GCP_PREFIX", "GCP_DATASOURCE_OFFLINE")
    return case["linter"] != "linter" and case["error"] not in prefix_service


def linter_errors(cases: list[dict[str, Any]]) -> Iterator[tuple[str, str, str | None, str | None]]:
    for case in filter(judgeable, cases):
        result = outcome(LINTERS[case["linter"]], case["value"])
        code = result.code if isinstance(result, Gs1Error) else None
        if result is not None:
            assert 0 <= result.start <= result.start + result.length <= len(case["value"]), case
        if code != case["error"]:
            yield case["linter"], case["value"], case["error"], code


def test_every_linter_vector_passes_or_fails_with_its_published_code(vectors: dict[str, Any]) -> None:
    assert len(vectors["linters"]) > 5000
    assert list(linter_errors(vectors["linters"])) == []


COMPONENT = re.compile(r"(\[?)([NXYZ])(\.\.)?([0-9]+)\]?((?:,[a-z0-9]+)*)")
ATTRIBUTES = {"req", "ex", "dlpkey"}


@dataclass(frozen=True)
class Row:
    """One AI as the published dictionary has it; patterns such as 310n are left as they stand."""

    flags: str
    components: tuple[tuple[str, int, int, bool, tuple[str, ...]], ...]
    attributes: dict[str, str]
    title: str


def component_of(word: str) -> tuple[str, int, int, bool, tuple[str, ...]] | None:
    found = COMPONENT.fullmatch(word)
    if found is None:
        return None
    optional, kind, to, longest, rules = found.groups()
    return kind, 1 if to else int(longest), int(longest), bool(optional), tuple(filter(None, rules.split(",")))


def dictionary() -> dict[str, Row]:
    rows = {}
    for line in conformance_file("gs1-syntax-dictionary.txt").read_text(encoding="utf-8").splitlines():
        body, _, title = line.partition("#")
        if not body.strip():
            continue
        numbers, *words = body.split()
        flags = words.pop(0) if set(words[0]) <= set("*?") else ""
        components = tuple(found for word in words if (found := component_of(word)))
        attributes = dict(word.partition("=")[::2] for word in words[len(components) :])
        assert attributes.keys() <= ATTRIBUTES, line
        first, _, last = numbers.partition("-")
        for number in range(int(first), int(last or first) + 1):
            rows[str(number).zfill(len(first))] = Row(flags, components, attributes, title.strip())
    return rows


def matching(pattern: str, known: Iterable[str]) -> frozenset[str]:
    """The AIs that a pattern of digits and n means."""
    wanted = re.compile(pattern.replace("n", "[0-9]"))
    return frozenset(ai for ai in known if wanted.fullmatch(ai))


RULE_NAMES = {id(rule): name for name, rule in LINTERS.items()}


def rules_of(kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """What our table keeps of the rules: the padding of base64url is one, the prefix of a number cannot be broken."""
    kept = tuple(name for name in names if kind != "N" or not name.startswith("gcppos"))
    return ("cset64", *kept) if kind == "Z" else kept


def test_the_table_says_of_every_ai_what_the_dictionary_says() -> None:
    published = dictionary()
    assert published.keys() == TABLE.keys()
    for ai, row in published.items():
        entry, attributes = TABLE[ai], row.attributes
        assert (entry.predefined, entry.attribute, entry.title) == ("*" in row.flags, "?" in row.flags, row.title), ai
        components = tuple(
            (part.characters, part.shortest, part.longest, part.optional, tuple(RULE_NAMES[id(rule)] for rule in part.checks))
            for part in entry.components
        )
        assert components == tuple((*part[:4], rules_of(part[0], part[4])) for part in row.components), ai
        requires = [group.split("+") for group in attributes.get("req", "").split(",") if group]
        assert entry.requires == tuple(
            tuple(matching(pattern, published) for pattern in group) for group in requires
        ), ai
        excludes = [matching(pattern, published) for pattern in attributes.get("ex", "").split(",") if pattern]
        assert entry.excludes == frozenset().union(*excludes) - {ai}, ai
        key = attributes.get("dlpkey")
        paths = key and tuple(tuple(path.split(",")) for path in key.split("|"))
        assert entry.paths == (((),) if key == "" else paths), ai


def test_every_rule_of_the_dictionary_is_one_of_ours() -> None:
    named = {name for row in dictionary().values() for part in row.components for name in part[4]}
    assert named <= LINTERS.keys()
