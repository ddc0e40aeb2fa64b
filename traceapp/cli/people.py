"""`user add`, `user scope`, `user assessor`, `user password`, `token add`."""
from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from traceapp.identity.model import User


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about users and tokens."""
    from traceapp.identity.policy import Role

    user = commands.add_parser("user", help="people who sign in")
    acts = user.add_subparsers(dest="act", required=True, metavar="ACT")
    new = acts.add_parser("add", help="add a person; the password is asked for, or read from TRACEAPP_NEW_PASSWORD")
    new.add_argument("sign_in_name")
    new.add_argument("--name", required=True, help="the name that signatures show")
    new.add_argument("--role", required=True, choices=[str(role) for role in Role])
    new.add_argument("--language", default="zh", choices=["zh", "en"])
    _add_scope(new, "of a regulator: ")
    new.set_defaults(run=_add_user)
    scope = acts.add_parser("scope", help="say of which jurisdictions and products a regulator sees cases")
    scope.add_argument("sign_in_name")
    _add_scope(scope, "")
    scope.set_defaults(run=_set_scope)
    medic = acts.add_parser("assessor", help="name a person a medical assessor, who signs health hazard evaluations for"
                                             " medicine, or end it; while there is one, nobody else signs for medicine")
    medic.add_argument("sign_in_name")
    said = medic.add_mutually_exclusive_group(required=True)
    said.add_argument("--qualification", help="in words, as signatures show it")
    said.add_argument("--end", action="store_true", help="the person is no medical assessor any more")
    medic.set_defaults(run=_set_assessor)
    other = acts.add_parser(
        "password", help="give a person another password and end all sessions; it is asked for, or read from "
                         "TRACEAPP_NEW_PASSWORD", description="For whom no administrator can help any more.")
    other.add_argument("sign_in_name")
    other.set_defaults(run=_set_password)
    token = commands.add_parser("token", help="keys for machines")
    acts = token.add_subparsers(dest="act", required=True, metavar="ACT")
    new = acts.add_parser("add", help="make a token; it is printed once")
    new.add_argument("sign_in_name", help="whom it speaks for")
    new.add_argument("--name", required=True, help="what uses it")
    new.add_argument("--scope", action="append", required=True, help="a permission; may be given several times")
    new.set_defaults(run=_add_token)


def _add_scope(parser: argparse.ArgumentParser, whose: str) -> None:
    parser.add_argument("--jurisdiction", action="append", default=[],
                        help=f"{whose}whose cases it sees, as CN, EU, US; may be given several times")
    parser.add_argument("--product", action="append", default=[],
                        help=f"{whose}code of a product, none for all; may be given several times")


def _add_user(options: argparse.Namespace) -> int:
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.identity.service import NewUser, create_user

    from . import show
    from .settings import database

    password = _new_password()
    with database().write() as session:
        user = create_user(session, SYSTEM, SystemClock(), NewUser(
            sign_in_name=options.sign_in_name, name=options.name, role=options.role, password=password,
            language=options.language))
        if options.jurisdiction or options.product:
            _scoped(session, user.id, options)
    show({"id": user.id, "sign_in_name": user.sign_in_name, "role": user.role})
    if user.role == "regulator" and not user.jurisdictions:
        print("This regulator sees nothing yet: say of which jurisdictions with `traceapp user scope`.",
              file=sys.stderr)
    return 0


def _set_scope(options: argparse.Namespace) -> int:
    from . import show
    from .settings import database

    with database().write() as session:
        user = _scoped(session, _user_named(session, options.sign_in_name).id, options)
    show({"id": user.id, "sign_in_name": user.sign_in_name, "jurisdictions": user.jurisdictions,
          "product_ids": user.product_ids})
    return 0


def _set_assessor(options: argparse.Namespace) -> int:
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.recall.assessors import NameAssessor, name_assessor

    from . import show
    from .settings import database

    if not options.end and not options.qualification.strip():
        print("Say the qualification in words, or end it with --end.", file=sys.stderr)
        return 2
    with database().write() as session:
        user = name_assessor(session, SYSTEM, SystemClock(), NameAssessor(
            _user_named(session, options.sign_in_name).id, options.qualification or ""))
    show({"id": user.id, "sign_in_name": user.sign_in_name, "medical_qualification": user.medical_qualification})
    return 0


def _scoped(session: Session, user_id: str, options: argparse.Namespace) -> User:
    """The account with the scope of the options. Raises NotFound for a code of no product."""
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.oversight.setting import SetScope, set_scope
    from traceapp.trace.tracking_choice import product_of_code

    products = tuple(product_of_code(session, code) for code in options.product)
    return set_scope(session, SYSTEM, SystemClock(), SetScope(user_id, tuple(options.jurisdiction), products))


def _user_named(session: Session, name: str) -> User:
    from sqlalchemy import select

    from traceapp.core.errors import NotFound
    from traceapp.identity.model import User

    user = session.scalar(select(User).where(User.sign_in_name == name.lower()))
    if user is None:
        raise NotFound("There is no user “%(name)s”.", name=name)
    return user


def _new_password() -> str:
    return os.environ.get("TRACEAPP_NEW_PASSWORD") or getpass.getpass("Password: ")


def _set_password(options: argparse.Namespace) -> int:
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.identity.renewal import set_password

    from . import show
    from .settings import database

    password = _new_password()
    with database().write() as session:
        user = set_password(session, SYSTEM, SystemClock(), options.sign_in_name, password)
    show({"id": user.id, "sign_in_name": user.sign_in_name, "is_active": user.is_active})
    return 0


def _add_token(options: argparse.Namespace) -> int:
    from traceapp.core.actor import SYSTEM
    from traceapp.core.clock import SystemClock
    from traceapp.identity.service import NewToken, create_token

    from .settings import database

    with database().write() as session:
        user = _user_named(session, options.sign_in_name)
        _, text = create_token(session, SYSTEM, SystemClock(),
                               NewToken(name=options.name, user_id=user.id, scopes=tuple(options.scope)))
    print(text)
    print("This token is shown once. Keep it where only the machine that uses it can read it.", file=sys.stderr)
    return 0
