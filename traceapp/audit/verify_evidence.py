"""Check evidence without the service: `python3 verify_evidence.py EXCERPT.json [FILE ...]`.

EXCERPT.json is the trail of one case as it was downloaded. Every hash is computed anew, from the first entry to the
last. With more files it says for each whether its SHA-256 stands in the trail; of a package (.zip) every file in it is
compared with its list. Needs Python 3.8 or later and nothing else. Exit code 0: all holds; 1: something does not.

The hash of an entry is SHA-256 over the hash before it and every field, each as `length:text` (length in characters).
"""
from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from typing import Any

GENESIS = "0" * 64


def entry_hash(prev: str, stream: str, entry: dict[str, Any]) -> str:
    """The hash that an entry must have."""
    fields = (prev, stream, str(entry["seq"]), entry["actor_id"], entry["actor_role"], entry["at"], entry["action"],
              entry["data"])
    packed = "".join(f"{len(field)}:{field}" for field in fields)
    return hashlib.sha256(packed.encode("utf-8")).hexdigest()


def check_excerpt(excerpt: dict[str, Any]) -> list[str]:
    """What does not hold; nothing where all links do."""
    prev, wrong = GENESIS, []
    for number, entry in enumerate(excerpt["entries"], 1):
        if entry["seq"] != number:
            return [f"entry {number} is missing"]
        if entry["prev_hash"] != prev or entry["hash"] != entry_hash(prev, excerpt["stream"], entry):
            return [f"entry {number} is not what was sealed"]
        prev = entry["hash"]
    head = excerpt["head"]
    if (head["seq"], head["hash"]) != (len(excerpt["entries"]), prev):
        wrong.append(f"the chain ends at entry {len(excerpt['entries'])}, the head says {head['seq']}")
    return wrong + check_checkpoint(excerpt)


def check_checkpoint(excerpt: dict[str, Any]) -> list[str]:
    """What does not hold between the chain and the signed checkpoint that names it."""
    point = excerpt.get("checkpoint")
    if point is None:
        return []
    said = f"{point['prev_hash']}\n{point['at']}\n{point['heads']}"
    if hashlib.sha256(said.encode("utf-8")).hexdigest() != point["hash"]:
        return [f"checkpoint {point['number']} is not what was signed"]
    for stream, seq, digest in json.loads(point["heads"]):
        if stream == excerpt["stream"] and [one["hash"] for one in excerpt["entries"][seq - 1:seq]] != [digest]:
            return [f"entry {seq} differs from checkpoint {point['number']}"]
    return []


def check_file(name: str, trail: str) -> tuple[bool, str]:
    """Whether the bytes of a file are named in the trail; of a package, whether its files are those of its list and the
    report in it is named."""
    with open(name, "rb") as file:  # noqa: PTH123 - one file, no more imports than needed
        digest = hashlib.sha256(file.read()).hexdigest()
    if not zipfile.is_zipfile(name):
        return digest in trail, f"{name}: sha256 {digest} {_stands(digest in trail)} in the trail"
    try:
        report, is_listed = check_package(name)
    except (KeyError, ValueError, zipfile.BadZipFile):
        return False, f"{name}: is no whole package"
    return is_listed and report in trail, (
        f"{name}: its files {'are' if is_listed else 'are NOT'} those of its list; its report "
        f"{_stands(report in trail)} in the trail")


def check_package(name: str) -> tuple[str, bool]:
    """The hash of the report in a package, and whether its files are those of its list."""
    with zipfile.ZipFile(name) as package:
        manifest = json.loads(package.read("manifest.json"))
        listed = {one["name"]: one["sha256"] for one in manifest["files"]}
        found = {one: hashlib.sha256(package.read(one)).hexdigest() for one in package.namelist()}
    del found["manifest.json"]
    return manifest["sha256"], listed == found


def _stands(is_there: bool) -> str:
    return "stands" if is_there else "does NOT stand"


def main(arguments: list[str]) -> int:
    """Say on standard output what holds and what does not."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 1
    try:
        with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123
            excerpt = json.load(file)
    except (OSError, ValueError) as error:
        print(f"{arguments[0]} cannot be read as a trail ({error}). The trail comes first: trail.json, then what it is "
              "to prove.")
        return 1
    wrong = check_excerpt(excerpt)
    for line in wrong:
        print(f"BROKEN {excerpt['stream']}: {line}")
    if not wrong:
        print(f"ok {excerpt['stream']}: {len(excerpt['entries'])} entries, every link holds; "
              f"last {excerpt['head']['hash']}")
        if excerpt.get("checkpoint"):
            point = excerpt["checkpoint"]
            print(f"   signed checkpoint {point['number']} of {point['at']}: {point['hash']}")
    trail, good = json.dumps(excerpt["entries"]), not wrong
    for name in arguments[1:]:
        holds, said = check_file(name, trail)
        good = good and holds
        print(("ok " if holds else "BROKEN ") + said)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
