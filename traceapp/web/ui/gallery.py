"""Sample values for the gallery page: every component in every state. Made up, and said to be so on the page."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from . import charts, graph
from .graph_model import ways_through

NOW = datetime(2026, 3, 30, 6, 0, tzinfo=UTC)
VERDICTS = ("released", "not_released", "recalled", "rejected", "on_hold", "expired", "please_verify", "unknown")
OBSERVED = (0, 0, 1, 1, 1, 2, 3, 5, 7, 10, 12, 14)
EXPECTED = (0.1, 0.3, 0.5, 0.7, 1.0, 1.2, 1.5, 1.8, 2.1, 2.5, 2.8, 3.1)
BOUNDARY = (3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 7)
WEEKLY = (0, 1, 0, 2, 1, 0, 3, 2, 5, 6, 4, 3)
SERIOUS = (0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 1, 0)

Say = Callable[..., str]


def _english_plural(one: str, many: str, num: int) -> str:
    return (one if num == 1 else many) % {"num": num}


def gallery_context(gettext: Say = str, ngettext: Say = _english_plural) -> dict[str, Any]:
    """What ui/gallery.html shows. `gettext` and `ngettext` as in Flask-Babel: pictures have words."""
    _ = gettext
    return {
        "verdicts": VERDICTS,
        "now": NOW,
        "clocks": _clocks(),
        "page_url": lambda n: f"?page={n}",
        "curve": charts.cumulative_curve(
            charts.Curve(_weeks(), OBSERVED, EXPECTED, BOUNDARY, alarm_index=7),
            charts.CurveWords(_("Reactions, counted up"), _("Observed"), _("Expected"), _("Alarm line"), _("Alarm")),
        ),
        "curve_rows": [
            {"cells": {"week": w, "observed": o, "expected": e, "boundary": b}}
            for w, o, e, b in zip(_weeks(), OBSERVED, EXPECTED, BOUNDARY, strict=True)
        ],
        "epidemic": charts.epidemic_curve(
            charts.Cases(_weeks(), WEEKLY, SERIOUS, [(1, _("First shipment")), (8, _("Signal"))]),
            charts.CasesWords(_("Reactions by week"), _("Cases"), _("of them serious")),
        ),
        "epidemic_rows": [
            {"cells": {"week": w, "cases": c, "serious": s}} for w, c, s in zip(_weeks(), WEEKLY, SERIOUS, strict=True)
        ],
        "funnel": charts.funnel(_("Consignees of the recall"), _funnel(_)),
        "funnel_rows": [{"cells": {"step": label, "count": text}} for label, _count, text in _funnel(_)],
        "sparks": [charts.sparkline(_("Complaints by week"), values) for values in (WEEKLY, (2, 2, 1, 2, 2, 1, 2))],
        "graphs": _graphs(_, ngettext),
        "genealogy_rows": [
            {"cells": {"from": e.parent, "to": e.child, "quantity": e.quantity}} for e in _edges() if e.quantity
        ],
    }


def standalone_context() -> dict[str, Any]:
    """What ui/console_base.html asks for, for a gallery that is rendered without a signed-in person."""
    return {"csrf_field": Markup('<input type="hidden" name="csrf_token" value="sample">')}


def _clocks() -> list[tuple[datetime, datetime | None]]:
    return [
        (NOW + timedelta(days=12), None),
        (NOW + timedelta(hours=7), None),
        (NOW + timedelta(minutes=25), None),
        (NOW - timedelta(days=3), None),
        (NOW + timedelta(days=1), NOW),
        (NOW - timedelta(hours=30), NOW),
    ]


def _weeks() -> list[str]:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return [(start + timedelta(weeks=n)).strftime("%m-%d") for n in range(len(OBSERVED))]


def _funnel(_: Say) -> list[tuple[str, int, str]]:
    counts = ((_("To be told"), 43), (_("Letter delivered"), 41), (_("Answered"), 36), (_("Units accounted for"), 31))
    return [(label, count, f"{count} / 43") for label, count in counts]


def _graphs(_: Say, ngettext: Say) -> dict[str, Markup]:
    """The picture of a genealogy in its states."""
    words = graph.GraphWords(
        _("Where lot %(lot)s went") % {"lot": "A-2231"},
        lambda n, _kind: ngettext("and %(num)d more partner", "and %(num)d more partners", n),
        lambda amount: f"{amount[0]:,} {amount[1] or ''}".strip(),
        (_("Raw lots"), _("Intermediates"), _("Finished lots"), _("Consignees")))
    nodes, edges = _nodes(_), _edges()
    shown = {node.key for node in nodes[:7]}
    way, pairs = ways_through(edges, "P-0312")
    marked = [replace(node, chosen=node.key == "P-0312", pale=node.key not in way, focus=False) for node in nodes]
    followed = [replace(edge, hot=(edge.parent, edge.child) in pairs) for edge in edges]
    folds = graph.FoldWish(keep=6, url=lambda name: f"?open={name}#graphs")
    return {
        "small": graph.genealogy(nodes[:7], [edge for edge in edges if edge.child in shown], words),
        "folded": graph.genealogy(nodes, edges, words, folds),
        "chosen": graph.genealogy(marked, followed, words, folds),
        "open": graph.genealogy(*_many(_), words, replace(folds, opened=frozenset({graph.ALL}))),
    }


def _many(_: Say) -> tuple[list[graph.Node], list[graph.Edge]]:
    """So many that they are drawn small."""
    raw = [graph.Node(f"R-{n}", f"R-{n:04}", "", "material", "go", _("Released"), f"#r{n}", stage=0) for n in range(60)]
    lots = [graph.Node(f"L-{n}", f"L-{n:04}", "", "lot", "stop" if n % 9 == 0 else "go",
                       _("Recalled") if n % 9 == 0 else _("Released"), f"#l{n}", stage=2) for n in range(220)]
    return raw + lots, [graph.Edge(f"R-{n * way % 60}", f"L-{n}") for n in range(220) for way in (1, 7)]


def _nodes(_: Say) -> list[graph.Node]:
    lots = [
        ("P-0311", _("Plaster 72 × 19 mm"), "stop", _("Recalled"), "3.1 kg"),
        ("P-0312", _("Plaster 72 × 19 mm"), "check", _("On hold"), "3 kg"),
        ("P-0315", _("Plaster 38 × 38 mm"), "go", _("Released"), "12 kg"),
    ]
    return [
        graph.Node("A-2231", "A-2231", _("Adhesive"), "material", "stop", _("Rejected"), "#a", focus=True, stage=0),
        graph.Node("B-0907", "B-0907", _("Backing film"), "material", "go", _("Released"), "#b", stage=0),
        graph.Node("G-1180", "G-1180", _("Gauze"), "material", "go", _("Released"), "#g", stage=0),
        graph.Node("M-0042", "M-0042", _("Coated roll"), "lot", "stop", _("Recalled"), "#m", stage=1, note="420 kg"),
        *(graph.Node(key, key, name, "lot", meaning, word, f"#{key}", stage=2, note=note)  # type: ignore[arg-type]
          for key, name, meaning, word, note in lots),
        *(_clinic(_, n) for n in range(1, 44)),
    ]


def _clinic(_: Say, n: int) -> graph.Node:
    name, units = _("Clinic %(number)s") % {"number": n}, Decimal(240 + 12 * n)
    return graph.Node(f"C{n}", name, _("Consignee"), "party", "info", _("Told"), f"#c{n}", stage=3,
                      amount=(units, _("pcs")), note=f"{units} {_('pcs')}")


def _edges() -> list[graph.Edge]:
    return [
        graph.Edge("A-2231", "M-0042", "420 kg", hot=True),
        graph.Edge("B-0907", "M-0042", "12,400 m"),
        graph.Edge("M-0042", "P-0311", "6,100 m", hot=True),
        graph.Edge("M-0042", "P-0312", "5,900 m", hot=True),
        graph.Edge("G-1180", "P-0311", "180 kg"),
        graph.Edge("G-1180", "P-0315", "95 kg"),
        graph.Edge("A-2231", "P-0315", "12 kg", hot=True),
        *(graph.Edge("P-0311", f"C{n}", f"{240 + 12 * n:,}", hot=True) for n in range(1, 30)),
        *(graph.Edge("P-0315", f"C{n}", f"{100 + n}", hot=True) for n in range(30, 44)),
    ]
