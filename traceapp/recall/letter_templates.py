"""The letters' templates by version. A version that was used is never edited; it is succeeded. Pure."""
from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from string import Template

FIRST, PRESENT = "1", "2"
LANGUAGES = ("zh", "en")
CONSIGNEE, CONSUMER, TEXT, CONSUMER_TEXT = "consignee", "consumer", "text", "consumer_text"
_FOLDER = Path(__file__).parent / "data" / "letters"


@cache
def template(version: str | None, name: str, language: str) -> Template:
    """One template; without a version the first one, which recalls from before versions were approved with."""
    return Template((_FOLDER / (version or FIRST) / f"{name}.{language}.txt").read_text(encoding="utf-8"))


@cache
def template_hash(version: str) -> str:
    """SHA-256 over every template of a version, so that a signature covers the very words."""
    digest = hashlib.sha256()
    for name in (CONSIGNEE, CONSUMER, TEXT, CONSUMER_TEXT):
        for language in LANGUAGES:
            text = template(version, name, language).template.encode()
            digest.update(f"{name}.{language}:{len(text)}:".encode() + text)
    return digest.hexdigest()
