"""Codes that nobody should send: sound ones, broken in every way that comes to mind, by a seed."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote, urlsplit

from hypothesis import strategies as st

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "gs1"
LONGEST = 6000
_SOUND = (
    "/01/09521234543213/10/L000001", "/01/09521234543213/10/L000001/21/7%2F7?17=281104", "/01/09521234543213",
    "/01/09521234543213/22/2A/10/L000002/21/x?linkType=linkset", "/01/09521234543213/235/TP", "/00/395011015300000011",
    "/414/9501101530003/254/32a%2Fb", "/417/9501101530003/7040/1ABC", "/253/9501101530003ABC",
    "/8006/095060001343520102/10/X/21/Y", "/eh30164596f40c0e5cbe991a83", "/exMBZFlvQMDlzVmRqD", "/8004/9506000ABC",
    "/.well-known/gs1resolver", "/s/01/09521234543213/10/L000001", "/recall-status/01/09521234543213/10/L000001")
_PIECES = (
    "/", "//", "?", "&", ";", "=", "#", "%", "%00", "%2F", "%2f", "%252F", "%0d%0a", "%ff", "%F0%9F%98%80", "%c0%af",
    "..", "/../", ".", "\\", "\"", "'", "<script>", "{{7*7}}", "|", "^", "`", "\x7f", "\xff", "\xe6\x89\xb9", "+", "~",
    "*", "01", "/10/", "/21/", "/22/", "/235/", "/foo", "?linkType=", "?linkType=gs1:pip", "?linkType=gs1:instructions",
    "?linkType=linkset&lang=en", "&context=", "?17=281399", "?10=A", "?999999999999999999=1", "&mediaType=text/html",
    "linkType=%", "?lang=zz-zz-zz", "0" * 14, "9" * 400, "A" * 2000, "/eh", "/ex", "eh" + "f" * 3000, ":", "@", "[::1]",
    "http://[", "\x00", "\t")
_ACCEPTS = ("", "*/*", "text/html", "application/linkset+json", "application/ld+json",
            "application/json;q=0.1, text/html;q=x", "a/b;q=9999999,;;,*", "\xff/\xfe", "text/html," * 300)
_LANGUAGES = ("", "zh-CN,zh;q=0.9", "en", "*", "x" * 3000, "en;q=\xff", "zh-Hant-" + "a-" * 200, ";;;,,,")
_VERSIONS = ("", "*", "W/\"x\", \xff")
_HOSTS = ("127.0.0.1", "localhost:99999", "evil.example", "[::1", "10.0.0.1:1", "\xff", "a" * 300)

_SEGMENTS = st.text(st.characters(codec="utf-8"), max_size=25).map(lambda text: quote(text, safe="%!$&'()*+,;=:@"))
_KEYS = st.sampled_from(["01", "00", "414", "417", "253", "8006", "8004", "10", "21", "22", "235", "254", "7040"])
_VALUES = _SEGMENTS | st.sampled_from(["09521234543213", "L000001", "395011015300000011", "9501101530003",
                                       "095060001343520102"])
_PATHS = st.lists(st.tuples(_KEYS, _VALUES), min_size=1, max_size=4).map(
    lambda pairs: "".join(f"/{ai}/{value}" for ai, value in pairs))
_BYTES = st.binary(max_size=40).map(lambda found: "/01/" + "".join(
    sign for sign in found.decode("latin-1") if sign not in "\r\n "))
# Targets as hypothesis thinks of them: what looks like a code, and any bytes.
TARGETS = st.builds(lambda path, query: f"{path}?{query}" if query else path, _PATHS, _SEGMENTS) | _BYTES


def seeds() -> tuple[str, ...]:
    """What is broken: codes of our own and, where they are, those of the public vectors."""
    found = list(_SOUND)
    file = VECTORS / "vectors.json"
    if file.is_file():
        vectors = json.loads(file.read_text(encoding="utf-8"))
        for case in vectors["dl_parse"]:
            found.append(_target(case["uri"]))
        found += ["".join(f"/{ai}/12345678" for ai in sequence) for sequence in vectors["dl_path_ai_sequences"]]
        found += [f"/01/09521234543213/10/{case['path']}" for case in vectors["uri_escape"]]
        found += [f"/253/{case['value']}" for case in vectors["linters"][:400]]
        for case in json.loads((VECTORS / "epc-binary.json").read_text(encoding="utf-8"))["cases"]:
            found.append(f"/{case[0]}")
    return tuple(found)


def _target(uri: str) -> str:
    """Path and query of an address; the text itself where it is none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def hostile_targets(random: Random, count: int) -> Iterator[str]:
    """`count` request targets: they begin with a slash and hold no line end and no blank; one character a byte."""
    known = seeds()
    for _ in range(count):
        text = random.choice(random.choice((_SOUND, known)))
        for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
            text = _broken(random, text, known)
        text = text.encode("utf-8").decode("latin-1") if not text.isascii() and random.random() < 0.5 else text
        plain = "".join(sign for sign in text if ord(sign) < 256 and sign not in "\r\n ")
        yield ("/" + plain.lstrip("/") if random.random() < 0.95 or not plain.startswith("/") else plain)[:LONGEST]


def _broken(random: Random, text: str, known: tuple[str, ...]) -> str:
    at, to = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    kind = random.randint(0, 7)
    if kind == 0:
        return text[:at] + random.choice(_PIECES) + text[at:]
    if kind == 1:
        return text[:at] + text[to:]
    if kind == 2:
        return text[:at] + chr(random.randint(0, 255)) + text[at + 1:]
    if kind == 3:
        return text[:to] + text[at:to] * random.randint(1, 3) + text[to:]
    if kind == 4:
        parts = text.split("/")
        random.shuffle(parts)
        return "/".join(parts)
    if kind == 5:
        return text[:at] + random.choice(known)[-to:]
    if kind == 6:
        return text[:at] + "".join(f"%{ord(sign) & 255:02x}" for sign in text[at:to]) + text[to:]
    return text + random.choice(_PIECES)


def hostile_headers(random: Random) -> dict[str, str]:
    """Headers to ask with: mostly those of browsers and machines, now and then nonsense."""
    found = {"Host": random.choice(_HOSTS) if random.random() < 0.1 else "127.0.0.1"}
    for name, values in (("Accept", _ACCEPTS), ("Accept-Language", _LANGUAGES), ("If-None-Match", _VERSIONS)):
        value = random.choice(values)
        if value:
            found[name] = value
    return found
