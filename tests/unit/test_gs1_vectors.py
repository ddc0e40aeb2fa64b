"""The published vectors, read where they are and never copied."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from traceapp.gs1 import LINTERS, Gs1Error, Parsed, parse, parse_uri, scan_data
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


def with_unknown_ais_as_attributes(flags: dict[str, Any]) -> bool:
    # an option of the reference engine to take AIs that do not exist; refusing them is a rule here
    return flags.get("validation_UNKNOWN_AI_NOT_DL_ATTR") is False


def test_every_digital_link_vector_is_read_or_refused_as_published(vectors: dict[str, Any]) -> None:
    wrong = []
    for case in vectors["dl_parse"]:
        if with_unknown_ais_as_attributes(case["flags"]):
            continue
        result = outcome(parse_uri, case["uri"], legacy=bool(LEGACY & case["flags"].keys()))
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
        assert isinstance(outcome(parse, case["element_string"]), Parsed) == case["ok"], case


def test_every_scan_vector_is_written_or_refused_as_published(vectors: dict[str, Any]) -> None:
    for case in vectors["scandata_generate"]:
        result = outcome(scan_data, case["data"], case["symbology"])
        assert (None if isinstance(result, Gs1Error) else result) == case["scan"], case


def judgeable(case: dict[str, Any]) -> bool:
    """Not those of a made-up prefix service, which the same values also pass, nor of the test frame itself."""
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


def dictionary_rows() -> Iterator[tuple[str, set[str], set[str]]]:
    """AIs, flags and attributes of the published dictionary."""
    for line in conformance_file("gs1-syntax-dictionary.txt").read_text(encoding="utf-8").splitlines():
        body = line.partition("#")[0].split()
        if not body:
            continue
        first, _, last = body[0].partition("-")
        flags = set(body[1]) if set(body[1]) <= set("*?") else set()
        for number in range(int(first), int(last or first) + 1):
            yield str(number).zfill(len(first)), flags, set(body[1:])


def test_the_table_has_every_ai_of_the_dictionary_with_its_flags_and_key() -> None:
    published = {ai: (flags, words) for ai, flags, words in dictionary_rows()}
    assert published.keys() == TABLE.keys()
    for ai, (flags, words) in published.items():
        entry = TABLE[ai]
        assert (entry.predefined, entry.attribute) == ("*" in flags, "?" in flags), ai
        assert (entry.paths is not None) == any(word.startswith("dlpkey") for word in words), ai
        assert bool(entry.requires) == any(word.startswith("req=") for word in words), ai
