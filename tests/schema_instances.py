"""Messages that a schema allows, made by chance: a published one with elements, attributes, texts and repeats added to
it, each of which the schema still finds valid. Read from the schema alone, by nothing of ours."""
from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
HL7 = "{urn:hl7-org:v3}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_BUILT_IN = {"boolean": "true", "integer": "3", "nonNegativeInteger": "3", "positiveInteger": "3", "decimal": "1.5",
             "double": "1.5", "NMTOKEN": "T1", "base64Binary": "QUJD", "anyURI": "urn:x:1", "ID": "", "IDREF": ""}
_BY_NAME = {"ts": "20240131", "uid": "2.16.840.1.113883.3.1", "oid": "2.16.840.1.113883.3.1", "bin": "QUJD",
            "uuid": "154eb889-958b-45f2-a02f-42d4d6f4657f", "ruid": "R1"}
_DEEP = 7


class Schema:
    """The components of a schema by name, and what they allow."""

    def __init__(self, entry: Path) -> None:
        self.validates = etree.XMLSchema(etree.parse(str(entry)))
        self.named: dict[tuple[str, str], Any] = {}
        self._files: set[Path] = set()
        self._load(entry.resolve())

    def _load(self, path: Path) -> None:
        if path in self._files:
            return
        self._files.add(path)
        for one in etree.parse(str(path)).getroot():
            if one.tag == XS + "include":
                self._load((path.parent / one.get("schemaLocation")).resolve())
            elif isinstance(one.tag, str) and one.get("name"):
                self.named.setdefault((one.tag.removeprefix(XS), one.get("name")), one)

    @cached_property
    def derived(self) -> dict[str, list[str]]:
        """The types that are derived from each type, however far."""
        found: dict[str, list[str]] = {}
        for (kind, name), one in self.named.items():
            base = one if kind == "complexType" else None
            while base is not None:
                step = next(base.iter(XS + "extension", XS + "restriction"), None)
                if step is None or step.get("base") is None:
                    break
                found.setdefault(local(step.get("base")), []).append(name)
                base = self.named.get(("complexType", local(step.get("base"))))
        return found

    def type_of(self, declared: Any) -> Any:
        """The type that an element's declaration names or holds; None for a built-in one."""
        if declared.get("ref"):
            declared = self.named["element", local(declared.get("ref"))]
        inside = declared.find(XS + "complexType")
        return inside if inside is not None else self.named.get(("complexType", local(declared.get("type") or "")))

    def children(self, kind: Any) -> dict[str, Any]:
        """The declarations of the elements that may stand in a type."""
        found: dict[str, Any] = {}
        for part in self.parts(kind):
            for one in self._elements(part):
                found.setdefault(local(one.get("name") or one.get("ref")), one)
        return found

    def _elements(self, part: Any) -> list[Any]:
        if part.tag == XS + "element":
            return [part]
        if part.tag == XS + "group" and part.get("ref"):
            part = self.named["group", local(part.get("ref"))]
        return [found for inner in part if isinstance(inner.tag, str) for found in self._elements(inner)
                ] if part.tag in (XS + "sequence", XS + "choice", XS + "all", XS + "group") else []

    def parts(self, kind: Any) -> list[Any]:
        """The groups of a type, those of the type that it extends first."""
        step = next((one for one in kind.iterfind(f"{XS}complexContent/*")
                     if one.tag in (XS + "extension", XS + "restriction")), None)
        if step is None:
            return [one for one in kind if one.tag in (XS + "sequence", XS + "choice", XS + "group")]
        base = self.named.get(("complexType", local(step.get("base"))))
        inherited = self.parts(base) if base is not None and step.tag == XS + "extension" else []
        return inherited + [one for one in step if one.tag in (XS + "sequence", XS + "choice", XS + "group")]

    def attributes(self, kind: Any) -> dict[str, Any]:
        """The attributes that a type may have."""
        found: dict[str, Any] = {}
        step = next(kind.iterfind(f"{XS}complexContent/*"), None)
        own = kind
        if step is not None and step.get("base"):
            base = self.named.get(("complexType", local(step.get("base"))))
            found |= self.attributes(base) if base is not None else {}
            own = step
        return found | self._attributes(own)

    def _attributes(self, holder: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in holder:
            if one.tag == XS + "attribute":
                found[one.get("name") or ""] = one
            elif one.tag == XS + "attributeGroup":
                found |= self._attributes(self.named["attributeGroup", local(one.get("ref"))])
        return {name: one for name, one in found.items() if name and one.get("use") != "prohibited"}

    def is_mixed(self, kind: Any) -> bool:
        """Whether text may stand in a type."""
        return kind.get("mixed") == "true"


def local(name: str) -> str:
    return name.rpartition(":")[2]


class Making:
    """Additions to one message by one seed."""

    def __init__(self, schema: Schema, seed: int) -> None:
        self.schema = schema
        self.chance = Random(seed)

    def enriched(self, root: Any, count: int) -> Any:
        """The message after `count` tries of adding something to it that leaves it valid."""
        for _ in range(count):
            element = self.chance.choice([one for one in root.iter() if isinstance(one.tag, str)])
            self.chance.choice((self._child, self._child, self._attribute, self._repeat, self._text, self._null))(
                root, element)
        return root

    def _type(self, element: Any) -> Any:
        """The type of an element by the way from the root to it."""
        if element.get(TYPE):
            return self.schema.named.get(("complexType", local(element.get(TYPE))))
        parent = element.getparent()
        name = etree.QName(element).localname
        if parent is None:
            return self.schema.type_of(self.schema.named["element", name])
        above = self._type(parent)
        declared = self.schema.children(above).get(name) if above is not None else None
        return self.schema.type_of(declared) if declared is not None else None

    def _child(self, root: Any, element: Any) -> None:
        kind = self._type(element)
        allowed = self.schema.children(kind) if kind is not None else {}
        if not allowed:
            return
        name = self.chance.choice(sorted(allowed))
        child = self._made(name, allowed[name], 0)
        for place in range(len(element), -1, -1):
            element.insert(place, child)
            if self.schema.validates.validate(root):
                return
            element.remove(child)

    def _made(self, name: str, declared: Any, depth: int) -> Any:
        element = etree.Element(HL7 + name)
        kind = self.schema.type_of(declared)
        if kind is None:
            element.text = self.word()
            return element
        heirs = [one for one in self.schema.derived.get(kind.get("name") or "", ())
                 if self.schema.named["complexType", one].get("abstract") != "true"]
        if kind.get("abstract") == "true" or (heirs and self.chance.random() < .2):
            heir = self.chance.choice(sorted(heirs)) if heirs else kind.get("name")
            element.set(TYPE, heir)
            kind = self.schema.named["complexType", heir]
        for attribute, one in sorted(self.schema.attributes(kind).items()):
            if one.get("use") == "required" or self.chance.random() < .3:
                element.set(attribute, one.get("fixed") or self.value(one))
        if self.schema.is_mixed(kind) and self.chance.random() < .8:
            element.text = self.word()
        for part in self.schema.parts(kind):
            self._fill(element, part, depth)
        return element

    def _fill(self, element: Any, part: Any, depth: int) -> None:
        """Put in what a group demands, and by chance what it allows."""
        least = int(part.get("minOccurs") or 1)
        chance = .35 if depth < _DEEP else 0
        if not least and self.chance.random() >= chance:
            return
        most = 2 if part.get("maxOccurs") not in (None, "1") and self.chance.random() < .3 else 1
        for _ in range(most):
            if part.tag == XS + "element":
                element.append(self._made(local(part.get("name") or part.get("ref")), part, depth + 1))
            elif part.tag == XS + "choice":
                self._fill(element, self.chance.choice([one for one in part if one.tag != XS + "annotation"]), depth)
            else:
                holder = self.schema.named["group", local(part.get("ref"))] if part.get("ref") else part
                for inner in holder:
                    if inner.tag != XS + "annotation" and isinstance(inner.tag, str):
                        self._fill(element, inner, depth)

    def word(self) -> str:
        """A text with what texts have: Chinese, signs of XML, spaces, more than one line."""
        return self.chance.choice(("伤口渗液", "a < b & c", "“quoted” \u00e9", "two\nlines", "tab\there", "]]>", "0"))

    def value(self, attribute: Any) -> str:
        """A value of an attribute."""
        inner = attribute.find(XS + "simpleType")
        if inner is not None:
            return self._simple(inner)
        return self._of(local(attribute.get("type") or "string"))

    def _of(self, name: str) -> str:
        if name in _BY_NAME:
            return _BY_NAME[name]
        found = self.schema.named.get(("simpleType", name))
        if found is not None:
            return self._simple(found)
        return _BUILT_IN.get(name) or self.word().split("\n")[0]

    def _simple(self, kind: Any) -> str:
        union = kind.find(XS + "union")
        if union is not None:
            inner = [*(union.get("memberTypes") or "").split(), *union.iterfind(XS + "simpleType")]
            one = self.chance.choice(inner)
            return self._of(local(one)) if isinstance(one, str) else self._simple(one)
        each = kind.find(XS + "list")
        if each is not None:
            return self._of(local(each.get("itemType")))
        limits = kind.find(XS + "restriction")
        values = [one.get("value") for one in limits.iterfind(XS + "enumeration")]
        return self.chance.choice(values) if values else self._of(local(limits.get("base")))

    def _attribute(self, root: Any, element: Any) -> None:
        kind = self._type(element)
        allowed = {name: one for name, one in self.schema.attributes(kind).items() if element.get(name) is None
                   } if kind is not None else {}
        if allowed:
            name = self.chance.choice(sorted(allowed))
            self._tried(root, element, name, allowed[name].get("fixed") or self.value(allowed[name]))

    def _null(self, root: Any, element: Any) -> None:
        kind = self._type(element)
        if kind is not None and "nullFlavor" in self.schema.attributes(kind) and element.get("nullFlavor") is None:
            self._tried(root, element, "nullFlavor", self.chance.choice(("MSK", "UNK", "NI", "ASKU", "NASK", "NA")))

    def _tried(self, root: Any, element: Any, name: str, value: str) -> None:
        element.set(name, value)
        if not self.schema.validates.validate(root):
            del element.attrib[name]

    def _repeat(self, root: Any, element: Any) -> None:
        if element.getparent() is None or sum(1 for _ in element.iter()) > 400:
            return
        again = deepcopy(element)
        again.tail = None
        for one in again.iter():
            if one.text and one.text.strip():
                one.text = self.word()
        element.addnext(again)
        if not self.schema.validates.validate(root):
            element.getparent().remove(again)

    def _text(self, root: Any, element: Any) -> None:
        """Text in an element, or between its children where the schema lets it."""
        kind = self._type(element)
        if kind is None or not self.schema.is_mixed(kind):
            return
        child = self.chance.choice([None, *element])
        if child is None:
            element.text = self.word()
        else:
            child.tail = self.word()
        assert self.schema.validates.validate(root)
