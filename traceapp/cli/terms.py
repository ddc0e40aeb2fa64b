"""`terms code`: free text into coded terms."""
from __future__ import annotations

import argparse
import json


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("terms", help="what free texts say went wrong")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "code", help="free text in Chinese or English into terms", description="One JSON line a text: each term with "
        "its place, its IMDRF code where one says the same, and whether the text states it, denies it, or asks or "
        "fears it. A suggestion for a person to confirm. Ends with 1 when a text states nothing that the list knows.")
    act.add_argument("text", nargs="*", help="texts; - reads one a line from standard input")
    act.add_argument("--no-fuzzy", action="store_true", help="words of the list only, no misspelt ones")
    act.set_defaults(run=_code)


def _code(options: argparse.Namespace) -> int:
    from traceapp.complaint.coding import Found, Stance, code_text
    from traceapp.complaint.terms import terms

    from .text_input import items

    def told(text: str, one: Found) -> list[dict[str, object]]:
        return [{"code": code, "zh": terms()[code].zh, "en": terms()[code].en, "imdrf": terms()[code].imdrf,
                 "start": one.start, "end": one.end, "text": text[one.start:one.end], "stance": one.stance,
                 "is_fuzzy": one.is_fuzzy} for code in one.codes]

    is_all_stated = True
    for text in items(options.text):
        found = code_text(text, fuzzy=not options.no_fuzzy)
        is_all_stated = is_all_stated and any(one.stance is Stance.stated for one in found)
        print(json.dumps({"text": text, "terms": [line for one in found for line in told(text, one)]},
                         ensure_ascii=False))
    return 0 if is_all_stated else 1
