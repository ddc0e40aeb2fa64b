"""100,000 hostile texts through every reader of GS1 data: each is read or refused, at a place within it, and at once.

Four of five are good texts broken by chance: our own, and the published vectors where they stand beside the checkout.
One of five is made by hypothesis.
"""
from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from traceapp.gs1 import (
    Gs1Error,
    Identified,
    Parsed,
    bracketed,
    constrained,
    decode_epc_binary,
    digital_link,
    encode_epc_binary,
    epc_urn_to_uri,
    identify,
    loose_canonical,
    parse,
    parse_anything,
    parse_path,
    parse_scan,
    parse_uri,
    scan_data,
    uri_to_epc_urn,
)
from traceapp.gs1.lines import parse_line
from traceapp.gs1.scan import SYMBOLOGIES

from .options import Options

INPUTS = 100_000
BY_HYPOTHESIS = 5
SLOWEST_SECONDS = 2.0
_CONFORMANCE = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "gs1"
_MOST_SHOWN = 5
_LONGEST = 4000
GTIN = "09506000134352"
SEEDS = (
    f"https://id.gs1.org/01/{GTIN}",
    f"http://t.example:8080/a/b/01/{GTIN}/22/V/10/L%2F7/21/S+9?17=280100&99=A%2BB&x=y#f",
    f"HTTPS://[2001:db8::1]/01/{GTIN}/235/T?10=L",
    "https://a/414/9506000134352/254/32a%2Fb",
    "https://a/gtin/9506000134352/lot/L",
    "https://a/8004/9506000A?99=1AB2",
    "https://a/eh3066c4409047e140075bcd15?17=280115",
    "ehf73795211411234538566cb0afc4",
    f"^01{GTIN}1728011510L7^21S9^",
    f"^01{GTIN}10L7|^99X",
    f"(01){GTIN}(17)280115(10)L\\(7)(21)S9|(99)X",
    f"\x1d01{GTIN}10L7\x1d21S9",
    f"]d201{GTIN}10L7\x1d21S9",
    "]E09506000134352|]e010L7\x1d99X",
    "]E496385074",
    f"]Q1https://a/01/{GTIN}",
    "urn:epc:id:sgtin:9506000.013435.a%2Fb.c",
    "urn:epc:class:lgtin:9506000.013435.L",
    "urn:epc:idpat:grai:9506000.13435.*",
    "urn:epc:id:itip:9506000.013435.01.02.9",
    "urn:epc:id:gid:1.2.3",
    "+K123PATCH71/$$3280115L7/S9/16D20260115S",
    "=/K9999TAPE01T0042=,000077=K12342600012300=>028015&,1000000000000000LL7",
    "MA.156.M0.K12345.1PATCH07.M260115.LL7",
    "AHM69012345-7",
    "81234567890123456789",
    f"01{GTIN}10L7",
    "^8110106141416543213150110120",
    "^7003280115235910L",
    "^8008260115143059",
    "^4309027908584830152979718006095060001343520102",
)
ALPHABET = "0123456789ABCZaz()^|]\\/?&=#%+.-_~:@[<>\"' \x1d\x00\n\t\u00e9\u6279\u0663\u200b\ud800\U0001f600"
PIECES = (
    "https://", "//", "/01/", "/10/", "%2F", "%00", "%", "%4", "&99=", "?", "^", "\x1d", "|^", "|]e0", "(01)", "(", ")",
    "\\(", "]d2", "]Q1", "eh", "ex", "urn:epc:id:", "*", "00", "8006", "3922", "=>", "/$$", "+", "MA.",
)  # fmt: skip
LONG_STARTS = (
    f"https://a/01/{GTIN}?", f"^01{GTIN}", f"(01){GTIN}", "https://a", "]Q3", "+K123PATCH71", "urn:epc:id:sgtin:",
    f"ehf78{GTIN}011",
)  # fmt: skip
LONG_PIECES = ("/01", "&", "&99=A", "^", "(99)A", "\\", "%", "|", "/", ".", "9" * 50, "]", f"02{GTIN}", "f")
# of a full run; a short one has shorter ones
LONG_CHARACTERS = 100_000
Reader = Callable[[str], object]
READERS: tuple[Reader, ...] = (
    parse,
    partial(parse, legacy=True, unknown_ais=True),
    parse_anything,
    identify,
    parse_uri,
    parse_path,
    parse_scan,
    decode_epc_binary,
    epc_urn_to_uri,
    loose_canonical,
    parse_line,
    constrained,
    partial(uri_to_epc_urn, prefix_length=7),
    *(partial(scan_data, symbology=symbology) for symbology in SYMBOLOGIES),
)
_PUBLISHED = (
    ("dl_parse", "uri"),
    ("ai_bracketed_parse", "ai"),
    ("ai_unbracketed_process", "element_string"),
    ("scandata_generate", "data"),
    ("scandata_generate", "scan"),
)


def seeds() -> list[str]:
    """Good and bad texts to begin with: our own, and the published ones where they are."""
    found = list(SEEDS)
    if (vectors := _CONFORMANCE / "vectors.json").exists():
        published = json.loads(vectors.read_text(encoding="utf-8"))
        for key, name in _PUBLISHED:
            found += [case[name] for case in published[key] if case[name]]
        epcs = json.loads((_CONFORMANCE / "epc-binary.json").read_text(encoding="utf-8"))
        found += [case[0] for case in epcs["cases"]]
    return found


def broken(chance: random.Random, texts: list[str]) -> str:
    """One of the texts with a few things done to it."""
    text = chance.choice(texts)
    for _ in range(chance.randint(0, 3)):
        at = chance.randint(0, len(text))
        end = min(len(text), at + chance.randint(0, 8))
        match chance.randint(0, 6):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + chance.choice(ALPHABET) + text[at:]
            case 2:
                text = text[:at] + chance.choice(ALPHABET) + text[at + 1 :]
            case 3:
                text = text[:at] + chance.choice(PIECES) + text[end:]
            case 4:
                text = text[:end] + text[at:end] * chance.choice((1, 2, 90)) + text[end:]
            case 5:
                text = text[:at] + chance.choice(texts)[at:]
            case _:
                text = text[:at] + text[at:end].swapcase() + text[end:]
    return text[:_LONGEST]


def complaint(read: Reader, text: str) -> str:
    """What is wrong with how a text was read or refused; empty when nothing is."""
    try:
        result = read(text)
    except Gs1Error as error:
        inside = 0 <= error.start <= error.start + error.length <= len(text)
        return "" if inside else f"place {error.start}+{error.length} outside"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    try:
        return _contradiction(result, text)
    except Exception as error:
        return f"after reading, {type(error).__name__}: {error}"


def _contradiction(result: object, text: str) -> str:
    """What does not fit together in a result: what was read is written and read back."""
    if isinstance(result, Identified):
        outside = [flag for flag in result.flags if flag.start < 0 or flag.start + flag.length > len(text)]
        return "a flag outside" if outside else ""
    if not isinstance(result, Parsed):
        return ""
    again = {"unknown_ais": True}
    if parse(bracketed(result.ai), **again).ai != result.ai:
        return "the bracketed form is read as another"
    if not result.uri:
        return ""
    if parse(result.uri, **again).values != result.values:
        return "the canonical URI is read as another"
    if digital_link(result.ai, complete=False, unknown_ais=True) != result.uri:
        return "generation is not the canonical URI"
    try:
        segment = encode_epc_binary(result)
    except Gs1Error:
        return ""
    back = decode_epc_binary(segment).parsed.values
    return "" if back == result.values else "the EPC is read as another"


class _Run:
    """The figures of one run."""

    def __init__(self) -> None:
        self.inputs = self.read = 0
        self.slowest = 0.0
        self.wrong: list[str] = []

    def try_text(self, text: str) -> None:
        begun = time.process_time()
        for read in READERS:
            name = getattr(read, "__name__", repr(read))
            if (what := complaint(read, text)) and len(self.wrong) < _MOST_SHOWN:
                self.wrong.append(f"{name}({text[:200]!a}): {what}")
        self.slowest = max(self.slowest, time.process_time() - begun)
        self.inputs += 1
        self.read += _is_read(text)


def _is_read(text: str) -> bool:
    try:
        parse(text)
    except Gs1Error:
        return False
    except Exception:  # told by then
        return False
    return True


def _long_texts(size: int) -> Iterator[str]:
    """Texts that would take for ever if reading took more than one look at each character."""
    for start in LONG_STARTS:
        for piece in LONG_PIECES:
            yield start + piece * (size // len(piece))


def hostile_gs1(options: Options) -> dict[str, Any]:
    """Runs it; `rounds` is the number of texts."""
    count = INPUTS if options.rounds is None else options.rounds
    chance, texts, run = random.Random(options.seed), seeds(), _Run()
    for text in _long_texts(min(LONG_CHARACTERS, count)):
        run.try_text(text)
    for _ in range(count - count // BY_HYPOTHESIS):
        run.try_text(broken(chance, texts))
    fuzzed = st.one_of(st.text(max_size=80), st.lists(st.sampled_from((*PIECES, *SEEDS)), max_size=8).map("".join))
    quiet = settings(max_examples=max(1, count // BY_HYPOTHESIS), deadline=None, database=None,
                     suppress_health_check=list(HealthCheck))
    seed(options.seed)(quiet(given(fuzzed)(run.try_text)))()
    if run.wrong:
        print(*run.wrong, sep="\n", file=sys.stderr)
    return {"ok": not run.wrong and run.slowest < SLOWEST_SECONDS, "inputs": run.inputs, "readers": len(READERS),
            "read": run.read, "refused": run.inputs - run.read, "slowest_seconds": round(run.slowest, 3),
            "wrong": run.wrong}
