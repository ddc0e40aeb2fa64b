"""What the columns of an uploaded table mean, and a row as a report. Pure."""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from traceapp.core.errors import InvalidInput
from traceapp.tables.cells import read_day, read_moment
from traceapp.tables.heads import Heads
from traceapp.vault.policy import PersonDetails

from .policy import AgeBand
from .report import LotGiven, SubmitComplaint
from .terms import terms

# field -> how people name its column; the first of each is the name that we print. `*` marks what must be there.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "received*": ("received", "received on", "date received", "known since", "awareness date", "接收日期", "收到日期",
                  "投诉日期", "知悉日期", "发现或获知日期", "登记日期"),
    "narrative*": ("description", "narrative", "what happened", "complaint", "问题描述", "投诉内容", "情况描述", "描述",
                   "事件描述", "不良事件描述"),
    "lot*": ("batch", "lot", "lot number", "batch number", "lot no", "batch no", "批号", "批次", "批次号", "产品批号",
             "生产批号"),
    "product": ("product code", "product", "产品编码", "产品代码", "产品编号", "货号"),
    "serial": ("serial", "serial number", "序列号"),
    "channel": ("channel", "source", "渠道", "来源"),
    "happened_on": ("happened on", "event date", "date of event", "事件发生日期", "发生日期", "不良反应发生日期"),
    "affected": ("affected", "who", "影响对象", "受影响者"),
    "age": ("age", "age band", "年龄", "年龄段"),
    "sex": ("sex", "gender", "性别"),
    "harm": ("harm", "是否伤害", "有无伤害"),
    "seriousness": ("seriousness", "severity of harm", "严重程度", "伤害程度", "伤害"),
    "terms": ("terms", "what went wrong", "问题类型", "表现"),
    "use_text": ("how used", "use", "使用情况", "使用过程"),
    "place": ("place", "region", "地点", "发生地", "地区"),
    "name": ("name", "reporter", "姓名", "投诉人", "联系人"),
    "phone": ("phone", "telephone", "mobile", "电话", "手机", "联系电话"),
    "email": ("email", "e-mail", "邮箱", "电子邮箱"),
    "guardian_name": ("guardian", "监护人"),
}
FIELDS = {key.rstrip("*"): names for key, names in _COLUMNS.items()}
REQUIRED = tuple(key.rstrip("*") for key in _COLUMNS if key.endswith("*"))

_WORDS: dict[str, dict[str, str]] = {
    "sex": {"男": "male", "m": "male", "male": "male", "女": "female", "f": "female", "female": "female",
            "不详": "unknown", "unknown": "unknown", "未知": "unknown"},
    "harm": {"是": "yes", "有": "yes", "yes": "yes", "y": "yes", "1": "yes", "否": "no", "无": "no", "没有": "no",
             "no": "no", "n": "no", "0": "no", "可能": "could", "could": "could", "不详": "unknown",
             "unknown": "unknown"},
    "channel": {"消费者": "consumer", "电话": "telephone", "邮件": "email", "微信": "wechat", "医院": "hospital",
                "销售": "sales", "经销商": "sales", "telephone": "telephone", "phone": "telephone", "email": "email",
                "wechat": "wechat", "hospital": "hospital", "sales": "sales", "api": "api"},
    "affected": {"本人": "me", "自己": "me", "me": "me", "孩子": "my_child", "子女": "my_child", "my child": "my_child",
                 "my_child": "my_child", "患者": "patient", "病人": "patient", "patient": "patient", "其他": "other",
                 "other": "other", "无人": "nobody", "nobody": "nobody", "不详": "unknown", "unknown": "unknown"},
    "seriousness": {"死亡": "death", "危及生命": "life_threatening", "住院": "hospitalised",
                    "住院或住院时间延长": "hospitalised", "残疾": "disabling", "永久损伤": "disabling",
                    "先天畸形": "congenital_anomaly", "需要干预": "intervention", "严重伤害": "other_serious",
                    "严重": "other_serious", "其他严重": "other_serious", "died": "death",
                    "hospital": "hospitalised", "serious": "other_serious"},
}
_NOT_SERIOUS = frozenset({"", "无", "否", "一般", "轻微", "其他", "不严重", "none", "no", "not serious", "mild"})
_SEPARATORS = re.compile(r"[;；、|/]")


def read_age(text: str) -> str:
    """The band of an age in years, or a band as it is written. Raises InvalidInput."""
    cleaned = unicodedata.normalize("NFKC", text).strip().lower().removesuffix("岁").removesuffix("years").strip()
    if cleaned in ("", "不详", "未知", "unknown"):
        return AgeBand.unknown
    if cleaned in {band.value for band in AgeBand}:
        return cleaned
    if not cleaned.isdecimal() or int(cleaned) > 130:
        raise InvalidInput("“%(text)s” is not an age in years.", code="not-an-age", place="age", text=text[:20])
    limits = ((1, AgeBand.under_2), (13, AgeBand.to_13), (17, AgeBand.to_17), (44, AgeBand.to_44),
              (64, AgeBand.to_64))
    return next((band for most, band in limits if int(cleaned) <= most), AgeBand.over_64)


def _word(key: str, text: str, default: str) -> str:
    if not text:
        return default
    found = _WORDS[key].get(unicodedata.normalize("NFKC", text).strip().lower())
    if found is None:
        raise InvalidInput("“%(text)s” is not understood here. Use one of: %(known)s.", code="unknown-value",
                           place=key, text=text[:40], known=", ".join(dict.fromkeys(_WORDS[key].values())))
    return found


def _words(key: str, text: str) -> tuple[str, ...]:
    return tuple(_WORDS[key].get(part.strip().lower(), part.strip()) for part in _SEPARATORS.split(text)
                 if part.strip().lower() not in _NOT_SERIOUS)


@cache
def _terms_by_name() -> dict[str, str]:
    return {name.lower(): term.code for term in terms().values() for name in (term.code, term.zh, term.en)}


def _terms(text: str) -> tuple[str, ...]:
    by_name = _terms_by_name()
    return tuple(by_name.get(part.strip().lower(), part.strip()) for part in _SEPARATORS.split(text) if part.strip())


def report_of_row(cells: Sequence[str], heads: Heads, products: Mapping[str, str], zone: ZoneInfo,
                  ) -> tuple[SubmitComplaint | None, list[tuple[str, InvalidInput]]]:
    """The report of one row, or every cell that could not be read, by its field. `products`: code to id."""
    wrong: list[tuple[str, InvalidInput]] = []

    def cell(key: str) -> str:
        place = heads.places.get(key)
        return cells[place] if place is not None and place < len(cells) else ""

    def read(key: str, reader: Callable[[str], object]) -> object:
        try:
            return reader(cell(key))
        except InvalidInput as error:
            wrong.append((key, error))
            return None

    def needed(text: str) -> datetime:
        moment = read_moment(text, "received", zone)
        if moment is None:
            raise InvalidInput("Please fill this in.", code="required", place="received")
        return moment

    values = {
        "awareness_at": read("received", needed),
        "happened_on": read("happened_on", lambda text: read_day(text, "happened_on")),
        "age_band": read("age", read_age),
        "sex": read("sex", lambda text: _word("sex", text, "unknown")),
        "harm": read("harm", lambda text: _word("harm", text, "unknown")),
        "affected": read("affected", lambda text: _word("affected", text, "unknown")),
        "channel": read("channel", lambda text: _word("channel", text, "file_import")),
    }
    product_id = read("product", lambda text: _product(text, products))
    if wrong:
        return None, wrong
    report = SubmitComplaint(
        **values, narrative=cell("narrative"),  # type: ignore[arg-type]
        lot=LotGiven(text=cell("lot"), serial=cell("serial"), product_id=product_id),  # type: ignore[arg-type]
        seriousness=_words("seriousness", cell("seriousness")), terms=_terms(cell("terms")),
        use_text=cell("use_text"), place=cell("place"),
        contact=PersonDetails(name=cell("name"), phone=cell("phone"), email=cell("email"),
                              guardian_name=cell("guardian_name")))
    return report, []


def _product(text: str, products: Mapping[str, str]) -> str | None:
    if not text:
        return None
    found = products.get(text.strip().upper())
    if found is None:
        raise InvalidInput("There is no product with the code “%(text)s”.", code="unknown-product", place="product",
                           text=text[:40])
    return found
