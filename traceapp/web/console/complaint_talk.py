"""Triage as a conversation: which question comes now, what was said so far, and what follows from it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.complaint.model import Complaint
from traceapp.complaint.policy import is_milder
from traceapp.complaint.states import Severity
from traceapp.complaint.triage import TriageJudgement, judge_triage, needs_equivalent
from traceapp.complaint.triage_known import known_answers
from traceapp.complaint.triaging import TriageComplaint, answers_of
from traceapp.core.errors import Problem
from traceapp.web import triage_words as said
from traceapp.web.words import CRITERIA, choices, joined_words, word

from .entering import Entered

SUMMARY = "summary"
_LISTS = ("seriousness", "kinds")
_QUESTION_OF = {"seriousness": "harm", "justification": "investigation", "equivalent": "investigation"}


@dataclass(frozen=True, slots=True)
class Talk:
    """`at`: the question that is asked now, or `summary`; `lines`: (question, as asked, answer) before it; `judged`:
    what the answers mean, at the summary."""

    path: tuple[str, ...]
    at: str
    lines: list[tuple[str, str, str]]
    because: str
    wants_equivalent: bool
    judged: TriageJudgement | None = None
    is_milder: bool = False

    @property
    def number(self) -> int:
        """The place of the question, from 1."""
        return self.path.index(self.at) + 1 if self.at in self.path else len(self.path)

    @property
    def following(self) -> str:
        """What comes after the question."""
        rest = self.path[self.number:]
        return rest[0] if rest else SUMMARY


def filled_in(db: Session, case: Complaint) -> Entered:
    """The form with what the case itself answers."""
    known = known_answers(db, case).answers
    form = Entered({name: str(value) for name, value in known.items() if name not in _LISTS})
    for name in _LISTS:
        form.form.setlist(name, [str(value) for value in known[name]])
    if form.get("investigation") == "begun":
        form.form["investigation"] = "needed"
    return form


def path_of(form: Entered) -> tuple[str, ...]:
    """The questions that make sense after these answers."""
    if form.get("alleges") == "no":
        return ("alleges", "ours", "kinds")
    every = tuple(said.QUESTIONS)
    return every[:-1] if form.get("ours") == "other_maker" else every


def command_of(form: Entered, complaint_id: str) -> TriageComplaint:
    """What the form answers; questions that were not asked have no answer."""
    path = path_of(form)
    asks = {name: name in path for name in said.QUESTIONS}
    return TriageComplaint(
        complaint_id, harm=form.get("harm", "unknown") if asks["harm"] else "unknown",
        seriousness=tuple(form.several("seriousness")) if asks["harm"] else (),
        severity=form.text("severity") or None, note=form.text("note"), revision=form.revision(),
        alleges=form.text("alleges"), ours=form.text("ours"), kinds=tuple(form.several("kinds")),
        duplicate_of=form.text("duplicate_of") if asks["duplicate_of"] else "",
        investigation=form.get("investigation", "undecided") if asks["investigation"] else "undecided",
        justification=form.text("justification") if asks["investigation"] else "",
        equivalent=form.text("equivalent") if asks["investigation"] else "")


def talk(db: Session, case: Complaint, form: Entered) -> Talk:
    """Where the conversation stands. A refusal leads back to its question."""
    path = path_of(form)
    at = next((_QUESTION_OF.get(name, name) for name in form.errors), form.get("step") or path[0])
    at = at if at in path else SUMMARY if at in (SUMMARY, "save", *form.errors) else path[0]
    judged = None
    wants_equivalent = False
    try:
        command = command_of(form, case.id)
        answers = answers_of(command)
        wants_equivalent = needs_equivalent(answers, judge_triage(answers).result) if at == SUMMARY else True
        judged = judge_triage(answers) if at == SUMMARY else None
    except Problem as problem:
        if at == SUMMARY:
            place = problem.place or ""
            form.refuse(problem, {place: place})
            at = _QUESTION_OF.get(place, place)
            at = at if at in path else path[0]
    upto = path if at == SUMMARY else path[:path.index(at)]
    return Talk(path, at, [(name, str(said.QUESTIONS[name][0]), _answer(form, name)) for name in upto],
                _because(db, case, form, at), wants_equivalent, judged,
                judged is not None and is_milder(judged.severity, Severity(case.severity)))


def _because(db: Session, case: Complaint, form: Entered, at: str) -> str:
    """What the suggested answer stands on, as long as it stands."""
    known = known_answers(db, case)
    if at not in known.because:
        return ""
    typed = form.several(at) if at in _LISTS else form.get(at)
    same = typed == known.answers[at] or (at == "investigation" and typed == "needed")
    return str(said.BECAUSE[known.because[at]]) if same else ""


def _answer(form: Entered, name: str) -> str:
    """An answer in one line."""
    if name == "kinds":
        kinds = [said.answer_words("kinds", kind) for kind in form.several("kinds")]
        return joined_words(kinds) or _("Nobody in particular")
    if name == "duplicate_of":
        return form.text("duplicate_of") or _("Not that we know")
    parts = [said.answer_words(name, form.get(name))]
    if name == "harm":
        parts += [word(CRITERIA, code) for code in form.several("seriousness")]
    if name == "investigation" and form.get(name) == "not_needed":
        parts += [form.text("justification"), form.text("equivalent")]
    return joined_words([part for part in parts if part])


def talk_values(db: Session, case: Complaint, form: Entered) -> dict[str, Any]:
    """What the template of the conversation needs."""
    now = talk(db, case, form)
    steps = [[step.step, step.question, step.answer] for step in now.judged.steps] if now.judged else []
    return {
        "talk": now, "questions": said.QUESTIONS, "alleges_choices": choices(said.ALLEGES),
        "ours_choices": choices(said.OURS),
        "investigation_choices": choices(said.INVESTIGATIONS, ("needed", "not_needed", "undecided")),
        "next_steps": said.step_lines(steps), "carried": _carried(form, now.at),
        "grounds": said.grounds_words([list(pair) for pair in now.judged.grounds]) if now.judged else []}


def _carried(form: Entered, at: str) -> list[tuple[str, str]]:
    """The other answers, as hidden fields carry them along."""
    shown = {at, *(name for name, question in _QUESTION_OF.items() if question == at)}
    if at == SUMMARY:
        shown |= {"severity", "note"}
    return form.kept(shown)
