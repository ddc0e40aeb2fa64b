"""Mail about a notice: what was published, what was changed of it, that it was taken back; and the question whether
somebody really wants such mail. Pure: facts in, text out."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PUBLISHED, GROWN, CORRECTED, WITHDRAWN = "published", "grown", "correction", "withdrawal"
_SUBJECTS = {
    PUBLISHED: {"zh": "召回通知", "en": "Recall"},
    GROWN: {"zh": "召回范围扩大", "en": "Recall of further batches"},
    CORRECTED: {"zh": "召回通知更正", "en": "Correction of a recall notice"},
    WITHDRAWN: {"zh": "召回通知撤回", "en": "Recall notice withdrawn"}}
_SAID = {CORRECTED: {"zh": "更正内容：", "en": "What was corrected:"},
         WITHDRAWN: {"zh": "撤回原因：", "en": "Why it was withdrawn:"}}
_LABELS = {
    "zh": {"lots": "涉及批次：", "risk": "危险：", "action": "怎么做：",
           "remedy": "可以得到的补偿：", "contact": "联系：", "page": "完整通知：",
           "answer": "贵单位的答复页：", "now": "通知现在的内容：",
           "over": "该通知不再有效。在我们另行通知之前，请继续单独存放这些批次，不要使用。",
           "leave": "您收到这封邮件，是因为您订阅了召回邮件。退订："},
    "en": {"lots": "Batches:", "risk": "Danger:", "action": "What to do:", "remedy": "What you get:",
           "contact": "Contact:", "page": "The whole notice:", "answer": "Your answer page:",
           "now": "The notice now reads:",
           "over": "The notice no longer stands. Keep these batches apart and do not use them until we tell you more.",
           "leave": "You get this mail because you asked for mail about recalls. To end it:"}}
_CONFIRM = {
    "zh": ("请确认：召回邮件订阅", "有人（希望是您）用这个地址订阅了召回邮件：{about}。\n\n"
           "请在 {days} 天内打开下面的链接确认；不确认，就不会再收到邮件，地址也会被删除。\n\n{link}\n\n"
           "如果不是您本人，不用理会这封邮件。\n"),
    "en": ("Please confirm: mail about recalls", "Somebody, we hope you, asked for mail about recalls to this "
           "address: {about}.\n\nTo confirm, open this link within {days} days. Without it there is no further mail, "
           "and the address is deleted.\n\n{link}\n\nIf it was not you, ignore this mail.\n")}
_RULE = "—" * 24
_SHORT = {
    CORRECTED: {"zh": "{subject}：{said} 详情：{link}", "en": "{subject}: {said} More: {link}"},
    WITHDRAWN: {"zh": "{subject}：{said} 请继续单独存放，不要使用，等我们通知。详情：{link}",
                "en": "{subject}: {said} Still keep them apart and do not use them until we tell you. More: {link}"}}
_LONGEST_SAID = {"zh": 60, "en": 120}


@dataclass(frozen=True, slots=True)
class NewsFacts:
    """Texts by language (`zh`, `en`); `said` is empty unless the notice was changed. `answer` is the reader's own page,
    `leave` the way to end such mail; either may be empty."""

    kind: str
    reference: str
    title: Mapping[str, str]
    said: Mapping[str, str]
    lots: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    contact: str
    page: str
    answer: str = ""
    leave: str = ""


def news_subject(facts: NewsFacts, language: str) -> str:
    """One line in the reader's language."""
    return f"{_SUBJECTS[facts.kind][language]}{'：' if language == 'zh' else ': '}{facts.title[language]}" \
           f" ({facts.reference})"


def news_text(facts: NewsFacts, language: str) -> str:
    """The mail in one language."""
    words = _LABELS[language]
    parts = [f"{_SUBJECTS[facts.kind][language]} {facts.reference}\n{facts.title[language]}"]
    if facts.said:
        parts.append(f"{_SAID[facts.kind][language]}\n{facts.said[language]}")
    if facts.kind == WITHDRAWN:
        parts += [words["over"], f"{words['lots']}\n{facts.lots[language]}"]
    else:
        parts += [words["now"]] if facts.kind == CORRECTED else []
        parts += [f"{words[name]}\n{text}" for name, text in (
            ("lots", facts.lots[language]), ("risk", facts.risk[language]), ("action", facts.action[language]),
            ("remedy", facts.remedy.get(language, ""))) if text]
    parts += [f"{words[name]} {text}" for name, text in (
        ("contact", facts.contact), ("page", f"{facts.page}?lang={language}"), ("answer", facts.answer)) if text]
    if facts.leave:
        parts.append(f"-- \n{words['leave']} {facts.leave}?lang={language}")
    return "\n\n".join(parts) + "\n"


def news_in_both(facts: NewsFacts, language: str) -> str:
    """The mail in the reader's language and then in the other."""
    first, second = ("en", "zh") if language == "en" else ("zh", "en")
    return f"{news_text(facts, first)}\n{_RULE}\n\n{news_text(facts, second)}"


def news_in_short(facts: NewsFacts, language: str) -> str:
    """What was changed, as a text message in one language; the link is the reader's own page where there is one."""
    said, longest = " ".join(facts.said[language].split()), _LONGEST_SAID[language]
    return _SHORT[facts.kind][language].format(
        subject=f"{_SUBJECTS[facts.kind][language]} {facts.reference}",
        said=said if len(said) <= longest else f"{said[:longest - 3].rstrip()}...",
        link=facts.answer or f"{facts.page}?lang={language}")


def confirm_letter(about: str, link: str, days: int, language: str) -> tuple[str, str]:
    """Subject and text of the question whether somebody really wants mail about `about`."""
    subject, text = _CONFIRM[language]
    return subject, text.format(about=about, days=days, link=link)
