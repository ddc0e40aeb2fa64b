"""Everything that people read is there in Chinese too."""
from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from labels import LabelSpec, SheetLayout
from traceapp.adverse_event.details import fields
from traceapp.rules.rows import rules
from traceapp.web.label_words import PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
ZH = ROOT / "traceapp" / "web" / "translations" / "zh"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
# What only the command line and the start of a process say; it speaks English.
COMMAND_LINE = ("traceapp/cli/", "traceapp/config.py", "traceapp/demo/", "traceapp/signals/")
ERRORS = {"Problem", "InvalidInput", "NotFound", "Forbidden", "NotSignedIn", "Conflict", "Stale", "TooLarge", "TooMany",
          "PreconditionRequired", "Unavailable", "FormExpired", "NotOffered", "UnsupportedKey"}
# What raises for others: its name, and at which place it is given the message.
REFUSERS = {"StateTable": 1, "permit": 2, "_refusal": 1}
# What answers a whole phrase in the labels.
PHRASES = {"_fault"}
PLACEHOLDERS = re.compile(r"%\((\w+)\)[sd]")


def catalogue() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(ZH.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh"):
                if message.id:
                    value = message.string if isinstance(message.string, str) else message.string[0]
                    for key in (message.id,) if isinstance(message.id, str) else message.id:
                        found[key] = value
    return found


def used() -> dict[str, str]:
    """Every message in templates and Python of the web packages, with where it stands."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    options = {"**/templates/**.html": {"extensions": "", "silent": "false", "trimmed": "true"}}
    found = {}
    for name, line, message, _comments, _context in extract_from_dir(
            str(ROOT / "traceapp" / "web"), method_map=methods, options_map=options, keywords=KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                found[text] = f"{name}:{line}"
    return found


def refusals() -> dict[str, str]:
    """The message of every error that a person may see, with where it is raised."""
    found = {}
    for path in sorted((ROOT / "traceapp").rglob("*.py")):
        relative = path.relative_to(ROOT).as_posix()
        if relative.startswith(COMMAND_LINE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).split(".")[-1] in ERRORS:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found[first.value] = f"{relative}:{node.lineno}"
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in REFUSERS:
                given = node.args[REFUSERS[ast.unparse(node.func).split(".")[-1]]:][:1]
                found.update((one.value, f"{relative}:{node.lineno}") for one in given
                             if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return found


def said_by_labels() -> Iterator[tuple[ast.Call, str]]:
    """Each place where the labels make a message, with its address."""
    for path in sorted((ROOT / "labels").glob("*.py")):
        if path.name == "errors.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("LabelError", "Phrase"):
                yield node, f"{path.name}:{node.lineno}"


def test_every_message_has_its_chinese() -> None:
    known = catalogue()
    missing = {text: place for text, place in used().items() if not known.get(text)}
    assert missing == {}


def test_every_refusal_has_its_chinese() -> None:
    known = catalogue()
    missing = {text: place for text, place in refusals().items() if not known.get(text)}
    assert missing == {}


def test_every_field_of_an_assessment_has_its_chinese() -> None:
    known = catalogue()
    said = {text for field in fields().values() for text in (field.title, field.hint, *field.choices.values()) if text}
    assert {text for text in said if not known.get(text)} == set()


def test_what_the_rules_at_home_say_has_its_chinese() -> None:
    known = catalogue()
    said = {text for rule in rules() if rule.jurisdiction == "CN"
            for text in (rule.product, rule.event, rule.recipient, rule.report, rule.article) if text}
    assert {text for text in said if not known.get(text)} == set()


def test_every_message_of_the_labels_is_a_template_whose_values_are_given() -> None:
    """What is put together beforehand cannot be translated; a message may only be a phrase as a whole."""
    wrong = []
    for call, place in said_by_labels():
        first, given = call.args[0], {word.arg for word in call.keywords}
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            if set(PLACEHOLDERS.findall(first.value)) != given or first.value.count("%") != len(given):
                wrong.append(place)
        elif ast.unparse(call.func) == "Phrase" or ast.unparse(first).split("(")[0] not in PHRASES:
            wrong.append(place)
    assert wrong == []


def test_every_message_of_the_labels_has_its_chinese() -> None:
    known = catalogue()
    said = {call.args[0].value: place for call, place in said_by_labels() if isinstance(call.args[0], ast.Constant)}
    assert len(said) > 40
    assert {text: place for text, place in said.items() if not known.get(text)} == {}


def test_every_parameter_that_a_label_may_refuse_has_a_word_on_the_page() -> None:
    given = {word.value.value for call, _ in said_by_labels() for word in call.keywords
             if word.arg == "name" and isinstance(word.value, ast.Constant)}
    fields = {field.name for shape in (LabelSpec, SheetLayout) for field in dataclasses.fields(shape)}
    assert len(given) > 8
    assert (given | fields) - set(PARAMETERS) == {"lines", "marks", "outlines"}  # refused by other words or not at all


def test_placeholders_are_the_same_in_both_languages() -> None:
    """Of a plural both English forms count together: Chinese has one form for them."""
    different = {}
    for path in sorted(ZH.glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale="zh"):
            english = " ".join([message.id] if isinstance(message.id, str) else message.id)
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            if english and chinese and set(PLACEHOLDERS.findall(english)) != set(PLACEHOLDERS.findall(chinese)):
                different[english] = chinese
    assert different == {}


@pytest.mark.parametrize("path", sorted(ZH.glob("*.po")), ids=lambda path: path.name)
def test_no_catalogue_promises_that_a_product_is_real(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert "genuine" not in text
    assert "正品" not in text


def test_two_catalogues_do_not_disagree() -> None:
    seen: dict[str, tuple[str, str]] = {}
    clashes = []
    for path in sorted(ZH.glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale="zh"):
            if isinstance(message.id, str) and message.id and isinstance(message.string, str):
                other = seen.setdefault(message.id, (message.string, path.name))
                if other[0] != message.string:
                    clashes.append(f"{message.id!r}: {other} and {(message.string, path.name)}")
    assert clashes == []


def test_no_chinese_is_kept_for_what_nobody_says() -> None:
    said = set(used())
    for path in (*(ROOT / "traceapp").rglob("*.py"), *(ROOT / "labels").rglob("*.py")):
        said |= {node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    data = "\n".join(path.read_text(encoding="utf-8") for kind in ("csv", "json") for path in (ROOT / "traceapp").rglob(
        f"*.{kind}"))
    assert sorted(text for text in set(catalogue()) - said if text not in data) == []
