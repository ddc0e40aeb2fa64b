"""The style sheets as pages need them: versioned addresses, and the small one inlined with its CSP hash."""
from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static" / "ui"


def public_css() -> str:
    """What stands between <style> and </style> of every public page: tokens and base rules, minified."""
    return _public()[0]


def public_css_hash() -> str:
    """The CSP source of `public_css()`, "sha256-…" without quotes."""
    return _public()[1]


@cache
def _public() -> tuple[str, str]:
    css = minified("".join((STATIC / name).read_text(encoding="utf-8") for name in ("tokens.css", "public.css")))
    digest = hashlib.sha256(css.encode("utf-8")).digest()
    return css, "sha256-" + base64.b64encode(digest).decode("ascii")


@cache
def asset_version(name: str) -> str:
    """Eight hex digits of the file's content, so that a browser may keep it until it changes."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]


def minified(css: str) -> str:
    """`css` without comments and needless blanks. Our own sheets only: no strings with braces, no nested comments."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,>]) ?", r"\1", css)
    return css.replace(": ", ":").replace(";}", "}").strip()
