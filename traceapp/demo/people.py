"""Who signs in to a demonstration database. These passwords are public: they exist in demonstration data only."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.actor import SYSTEM, Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Forbidden
from traceapp.identity.accounts import set_email
from traceapp.identity.model import User
from traceapp.identity.service import NewUser, actor_of, check_signature, create_user
from traceapp.oversight.setting import SetScope, set_scope
from traceapp.recall.assessors import NameAssessor, name_assessor


@dataclass(frozen=True, slots=True)
class SignIn:
    """What is printed: `name` is typed at the door."""

    name: str
    role: str
    password: str
    shown_name: str


SIGN_INS = (
    SignIn("operator", "operator", "qinghe-operator-demo", "林穗（示例）"),
    SignIn("quality", "quality", "qinghe-quality-demo", "沈砚（示例）"),
    SignIn("manager", "quality_manager", "qinghe-manager-demo", "顾汀（示例）"),
    SignIn("regulator", "regulator", "qinghe-regulator-demo", "监管员（示例）"),
    SignIn("admin", "administrator", "qinghe-admin-demo", "管理员（示例）"),
)


# Both are medical assessors, so that either signs for quality and the other for medicine.
_QUALIFICATIONS = {"manager": "皮肤科执业医师，医疗器械安全评价八年（示例）",
                   "quality": "伤口造口专科护士，不良事件医学评价五年（示例）"}


def create_people(session: Session, clock: Clock) -> dict[str, Actor]:
    """The actors by sign-in name, newly created, with addresses that are nobody's; the regulator oversees what is made
    and sold in China."""
    users = {one.name: create_user(session, SYSTEM, clock, NewUser(
        sign_in_name=one.name, name=one.shown_name, role=one.role, password=one.password)) for one in SIGN_INS}
    session.flush()
    set_scope(session, SYSTEM, clock, SetScope(users["regulator"].id, ("CN",)))
    for name, qualification in _QUALIFICATIONS.items():
        name_assessor(session, SYSTEM, clock, NameAssessor(users[name].id, qualification))
    actors = {name: actor_of(user, source="demo") for name, user in users.items()}
    for name in ("quality", "manager"):
        set_email(session, actors[name], clock, f"{name}@qinghe.example")
    return actors


def working_sign_ins(session: Session) -> tuple[SignIn, ...]:
    """The sign-ins that still open the door: of those who are there, active, and kept their password."""
    users = {user.sign_in_name: user for user in session.scalars(
        select(User).where(User.sign_in_name.in_([one.name for one in SIGN_INS])))}
    return tuple(one for one in SIGN_INS if one.name in users and _opens(session, users[one.name], one.password))


def _opens(session: Session, user: User, password: str) -> bool:
    try:
        check_signature(session, actor_of(user), password)
    except Forbidden:
        return False
    return True
