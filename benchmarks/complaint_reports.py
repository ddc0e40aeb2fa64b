"""Complaints as people write them, and the same event reported twice: seeded, of the project's own writing.

A story is one event with the person, the day, the place and what went wrong. It is told once, and some are told again:
by the same person with slips, by a nurse or a relative in other words, later, with fields left out. Wards report
several different events on one day through one nurse: those are no duplicates, and they are what is hard.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

PLACES = ("杭州", "成都", "沈阳", "北京", "广州", "武汉", "Leeds", "Hamburg", "Lyon", "Porto", "Boston", "")
BANDS = (("0-1", 8), ("2-13", 12), ("14-17", 5), ("18-44", 40), ("45-64", 20), ("65+", 15))
AGES = {"0-1": (0, 1), "2-13": (2, 13), "14-17": (14, 17), "18-44": (18, 44), "45-64": (45, 64), "65+": (65, 90)}
# What went wrong: the term, and how people begin to say it.
_WRONG = {
    "redness": ("皮肤红了一大片", "周围发红发热", "the skin went red all around", "it left a red patch"),
    "itching": ("痒得睡不着", "一直很痒", "it itches terribly", "itchy all night"),
    "blister": ("起了好几个水泡", "边上起小水泡", "small blisters came up", "a blister under the edge"),
    "pain": ("撕的时候疼得厉害", "刺痛难忍", "it hurts a lot to take off", "a stinging pain"),
    "not_sticking": ("根本粘不住", "半天就翘边脱落", "it fell off within hours", "does not stick at all"),
    "skin_damage": ("撕掉一层皮", "皮肤破了", "it tore the skin", "the skin peeled off with it"),
    "packaging": ("打开前包装就破了", "封口没封好", "the pouch was open already", "seal broken on arrival"),
    "foreign_body": ("里面夹着一根头发", "有黑点杂质", "a hair was inside", "black specks of dirt on the pad"),
    "infection": ("伤口化脓了", "发炎流脓", "the wound got infected", "there is pus now"),
    "bleeding": ("渗血不止", "揭下来又出血", "it started bleeding again", "bleeding when removed"),
}
_WHEN = ("贴了两天以后", "用了第一片", "昨天晚上换药时", "术后第三天", "洗澡之后", "after two days", "on the first use",
         "when I changed it last night", "three days after surgery", "after a shower")
_WHERE = (("on the forearm", "on the knee", "on the abdomen", "at the ankle", "on the back", "on the heel"),
          ("手臂上", "膝盖上", "腹部伤口", "脚踝处", "后背", "脚后跟"))
_THEN = ("去医院开了药膏", "已经停用", "换了别的牌子就好了", "医生说继续观察", "希望给个说法", "went to the clinic",
         "stopped using it", "another brand was fine", "the nurse took it off", "please tell me what to do")
_MORE = ("孩子一直哭", "家里老人用的", "同一盒里其他几片没事", "天气很热出汗多", "药店买的", "以前用过没问题",
         "bought at the pharmacy", "used it before without trouble", "the others in the box were fine",
         "my mother uses them", "it was very hot that week", "kept it in the bathroom")
_WARD = ("患者使用后{wrong}，已更换敷料", "Patient had {wrong}, dressing replaced")


@dataclass(frozen=True, slots=True)
class Told:
    """One report. `event`: which story it tells of; None or "": left out."""

    event: int
    lot: int | None
    contact: str | None
    happened: date | None
    learned: date
    site: str | None
    place: str
    band: str
    sex: str
    terms: tuple[str, ...]
    text: str
    spot: int = 0


def _told(chance: Random, event: int, lots: int) -> Told:
    terms = tuple(chance.sample(sorted(_WRONG), chance.choice((1, 1, 2))))
    happened = date(2026, 2, 1) + timedelta(days=chance.randrange(270))
    band = chance.choices([band for band, _ in BANDS], [share for _, share in BANDS])[0]
    # One lot in fifty gets a fifth of all reports: the one that something is wrong with.
    lot = chance.randrange(max(1, lots // 50)) if chance.random() < 0.2 else chance.randrange(lots)
    spot = chance.randrange(len(_WHERE[0]))
    return Told(event, lot if chance.random() < 0.9 else None, f"139{chance.randrange(10**8):08}"
                if chance.random() < 0.7 else None, happened if chance.random() < 0.8 else None,
                happened + timedelta(days=min(30, int(chance.expovariate(0.3)))),
                f"site{chance.randrange(60)}" if chance.random() < 0.25 else None, chance.choice(PLACES),
                band if chance.random() < 0.8 else "unknown", chance.choice(("female", "male")), terms,
                _text(chance, terms, spot, is_chinese=chance.random() < 0.6), spot)


def _text(chance: Random, terms: tuple[str, ...], spot: int, *, is_chinese: bool) -> str:
    """What went wrong at this spot of the body, in one of many ways."""

    def pick(words: tuple[str, ...]) -> str:
        return chance.choice([word for word in words if word.isascii() != is_chinese])

    when = pick(_WHEN) + ("" if is_chinese else " ") + _WHERE[is_chinese][spot]
    parts = [when, *(pick(_WRONG[term]) for term in terms), pick(_THEN), pick(_MORE)]
    return ("，" if is_chinese else ", ").join(parts)


def _slips(chance: Random, text: str) -> str:
    """A few letters lost, doubled or swapped."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 25)):
        at = chance.randrange(len(letters) - 1)
        match chance.randrange(3):
            case 0:
                del letters[at]
            case 1:
                letters.insert(at, letters[at])
            case _:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def _again(chance: Random, told: Told) -> Told:
    """The same event once more: by the same person (six in ten), or by another in words of their own."""
    later = replace(told, learned=told.learned + timedelta(days=int(chance.expovariate(0.35))))
    is_chinese = told.text.isascii() != (chance.random() < 0.95)
    anew = _text(chance, told.terms, told.spot, is_chinese=is_chinese)
    if chance.random() < 0.6:
        again = replace(later, text=_slips(chance, told.text) if chance.random() < 0.7 else anew)
    else:
        again = replace(later, contact=f"138{chance.randrange(10**8):08}" if chance.random() < 0.6 else None,
                        text=anew, terms=told.terms[:1])
    if again.happened is not None and chance.random() < 0.25:
        again = replace(again, happened=again.happened + timedelta(days=chance.choice((-1, 1, 1, 2, -7))))
    for name, empty in (("happened", None), ("place", ""), ("band", "unknown"), ("sex", "unknown"), ("terms", ())):
        if chance.random() < 0.12:
            again = replace(again, **{name: empty})
    return again


def _ward(chance: Random, event: int, lots: int) -> list[Told]:
    """Different patients of one ward on one day, all told by one nurse in the same few words."""
    first = replace(_told(chance, event, lots), site=f"site{chance.randrange(60)}", contact=f"137{event:08}")
    shape = chance.choice(_WARD)
    patients = []
    for number in range(chance.randrange(3, 6)):
        other = _told(chance, event + number, lots)
        wrong = chance.choice([words for words in _WRONG[other.terms[0]] if words.isascii() == shape.isascii()])
        patients.append(replace(other, lot=first.lot, contact=first.contact, happened=first.learned,
                                learned=first.learned, site=first.site, place=first.place,
                                text=shape.format(wrong=wrong)))
    return patients


def reports(number: int, lots: int, seed: int) -> Iterator[Told]:
    """So many reports over so many lots, in the order in which the house learned of them: one in ten tells of an event
    that is told already, one in ten comes from a ward."""
    chance, told, event = Random(seed), [], 0
    while len(told) < number:
        if chance.random() < 0.03:
            told += _ward(chance, event, lots)
        else:
            told.append(_told(chance, event, lots))
            if chance.random() < 0.12:
                told.append(_again(chance, told[-1]))
        event = told[-1].event + 1
    return iter(sorted(told[:number], key=lambda one: one.learned))
