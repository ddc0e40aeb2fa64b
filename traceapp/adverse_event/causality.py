"""Whether the product caused it: the Naranjo score and the Chinese schemes for drugs and devices. Pure."""
from __future__ import annotations

from collections.abc import Sequence

# Points for yes and for no, question by question; anything else counts nothing.
# Source: Naranjo et al., Clin Pharmacol Ther 1981; 30: 239-245.
NARANJO = ((1, 0), (2, -1), (1, 0), (2, -1), (-1, 2), (-1, 1), (1, 0), (1, 0), (1, 0), (1, 0))
_BANDS = ((9, "definite"), (5, "probable"), (1, "possible"))


def naranjo_score(answers: Sequence[str]) -> int | None:
    """The points of ten answers `yes`, `no` or anything else; None where no question has an answer at all."""
    if not any(answers):
        return None
    return sum({"yes": yes, "no": no}.get(answer, 0) for answer, (yes, no) in zip(answers, NARANJO, strict=True))


def naranjo_word(score: int) -> str:
    """definite, probable, possible or doubtful."""
    return next((word for least, word in _BANDS if score >= least), "doubtful")


def five_item_result(answers: Sequence[str], *, can_be_completed: bool = True) -> str:
    """What five answers about a drug mean: `certain` 肯定, `probable` 很可能, `possible` 可能, `unlikely` 可能无关,
    `pending` 待评价 while what is missing can still be found out, `unassessable` 无法评价; empty without an answer.

    Source: the five questions of the Chinese report form for drug reactions: order in time, known kind, better after
    stopping, back after use, other explanation. A combination that its table lacks is `possible` at most.
    """
    if not any(answers):
        return ""
    in_time, is_known, got_better, came_back, is_explained = answers
    if in_time not in ("yes", "no"):
        return "pending" if can_be_completed else "unassessable"
    if in_time == "no":
        return "unlikely"
    if (is_known, got_better, is_explained) != ("yes", "yes", "no"):
        return "possible"
    if came_back == "yes":
        return "certain"
    return "possible" if came_back == "no" else "probable"


def device_relation(answers: Sequence[str]) -> str:
    """What three answers about a device mean: `related` 有关, `unrelated` 无关, `undetermined` 无法确定; empty without
    an answer. Only a clear picture is `related` or `unrelated`.

    Source: the three questions of the Chinese report form for devices: order in time, known kind of harm, other
    explanation.
    """
    if not any(answers):
        return ""
    in_time, is_known, is_explained = answers
    if in_time == "no" or (is_known, is_explained) == ("no", "yes"):
        return "unrelated"
    return "related" if (in_time, is_known, is_explained) == ("yes", "yes", "no") else "undetermined"
