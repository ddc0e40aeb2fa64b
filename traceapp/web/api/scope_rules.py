"""The rules of a scope as they are sent."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from traceapp.recall.scope_rule import MOST_KEYS, Rule, RuleKind

from .schemas import choice, words


class ScopeRuleSchema(Schema):
    """From what a scope starts. `keys`: lot keys; ids of partners or sites; names of lines (`line · shift` for one
    shift of it), shifts, machines, operators, loads, lanes; `lot key/excursion id`; nodes of a cause. `from` and
    `until`: days at our plant. `by_arrival`: suppliers of a cause by when their lots came in, not also by use."""

    kind = choice(RuleKind, required=True)
    keys = fields.List(words(200, least=1), required=True, validate=validate.Length(min=1, max=MOST_KEYS))
    since = fields.Date(data_key="from", load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)
    downstream = fields.Boolean(load_default=True)
    mixing = fields.Boolean(load_default=False)
    signal = words(32, load_default="")
    by_arrival = fields.Boolean(load_default=False)


def rules_given(given: Sequence[dict[str, Any]]) -> tuple[Rule, ...]:
    """The rules that were sent."""
    return tuple(Rule(RuleKind(one["kind"]), tuple(one["keys"]), one["since"], one["until"], one["downstream"],
                      one["mixing"], one["signal"], one["by_arrival"]) for one in given)
