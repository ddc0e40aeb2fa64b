"""What the checks of the forms say is there in Chinese too."""
from __future__ import annotations

import ast
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("nmpa", "mir") for path in (ROOT / "traceapp/export" / folder).glob("*.py"))


def sentences() -> dict[str, str]:
    """Every whole sentence in the source that is no docstring, with its file."""
    found = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.body[0].value) for node in ast.walk(tree)
                      if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and node.body
                      and isinstance(node.body[0], ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings \
                    and node.value.endswith(".") and " " in node.value:
                found[node.value] = path.name
    return found


def test_every_finding_of_the_forms_has_its_chinese() -> None:
    with (ROOT / "traceapp/web/translations/zh/report_forms.po").open("rb") as file:
        known = {message.id: message.string for message in read_po(file, locale="zh")}
    said = sentences()
    assert len(said) > 15
    assert {text: place for text, place in said.items() if not known.get(text)} == {}
