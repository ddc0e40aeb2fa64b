"""Every sentence of the public pages has its Chinese."""
from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

from traceapp.web import consumer
from traceapp.web.consumer.words import words
from traceapp.web.i18n import catalogue

HERE = Path(consumer.__file__).parent
KEYWORDS = {"_": None, "ngettext": (1, 2), "InvalidInput": None, "NotFound": None, "TooLarge": None}


def sentences() -> list[str]:
    found = extract_from_dir(str(HERE), method_map=[("**.py", "python"), ("**.html", "jinja2")], keywords=KEYWORDS)
    return sorted({message if isinstance(message, str) else message[0] for _, _, message, _, _ in found})


def test_every_sentence_has_its_chinese() -> None:
    chinese = catalogue("zh")._catalog  # type: ignore[attr-defined]
    missing = [text for text in sentences() if not (chinese.get(text) or chinese.get((text, 0)))]
    assert len(sentences()) > 150
    assert missing == []


def test_the_fields_of_a_sentence_are_those_of_its_chinese() -> None:
    for text in sentences():
        found = catalogue("zh").ungettext(text, text, 1)
        assert {part.split(")")[0] for part in text.split("%(")[1:]} | {"num", "count"} >= {
            part.split(")")[0] for part in found.split("%(")[1:]}, text


def test_no_sentence_promises_that_a_pack_is_the_real_thing() -> None:
    for text in sentences():
        for said in (text, words("zh").gettext(text)):
            assert "genuine" not in said.lower()
            assert "正品" not in said
