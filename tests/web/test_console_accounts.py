"""Users and tokens, and one's own account."""
from __future__ import annotations

from html import unescape

from sqlalchemy import select

from tests.factories_web import Console
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import SystemClock
from traceapp.identity.accounts import ChangeUser, change_user
from traceapp.identity.model import ApiToken, User, UserSession
from traceapp.identity.service import token_actor


def test_an_administrator_adds_a_user_who_can_sign_in(console: Console) -> None:
    admin = console.browser("administrator")
    answer = admin.submit("/console/accounts/new", {"name": "Wang Fang", "sign_in_name": "wang", "role": "quality",
                                                    "language": "zh", "password": "a long enough password"})
    assert answer.status_code == 303
    assert "Wang Fang" in admin.get("/console/accounts").get_data(as_text=True)


def test_a_short_password_is_refused_and_never_shown_again(console: Console) -> None:
    admin = console.browser("administrator")
    answer = admin.submit("/console/accounts/new", {"name": "Li", "sign_in_name": "li", "role": "operator",
                                                    "language": "zh", "password": "short-secret"[:8]})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="e-password"' in page and 'value="li"' in page
    assert "short-se" not in page


def test_ending_an_account_ends_its_sessions(console: Console) -> None:
    admin, other = console.browser("administrator"), console.browser("operator")
    assert other.get("/console/today").status_code == 200
    with console.database.read() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "operator")).one()
    assert admin.post(f"/console/accounts/{user.id}", {"active": "0", "revision": str(user.revision)}).status_code == 303
    assert other.get("/console/today").status_code == 302
    with console.database.read() as session:
        assert session.scalars(select(UserSession).where(UserSession.user_id == user.id)).all() == []


def test_nobody_ends_the_own_account(console: Console) -> None:
    admin = console.browser("administrator")
    with console.database.read() as session:
        own = session.scalars(select(User).where(User.sign_in_name == "administrator")).one()
    answer = admin.post(f"/console/accounts/{own.id}", {"active": "0"})
    assert answer.status_code == 409 and "Ask another administrator" in answer.get_data(as_text=True)


def test_a_token_is_shown_once_works_and_can_be_revoked(console: Console) -> None:
    admin = console.browser("administrator")
    console.browser("quality")
    with console.database.read() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "quality")).one()
    page = admin.submit("/console/tokens/new", {"name": "ERP", "user_id": user.id, "scopes": ["trace.read"],
                                                "expires_on": "2027-01-31"}).get_data(as_text=True)
    text = unescape(page.split("<code>ta_")[1].split("</code>")[0])
    with console.database.read() as session:
        assert token_actor(session, console.clock, "ta_" + text).scopes == frozenset({"trace.read"})
        token = session.scalars(select(ApiToken).where(ApiToken.name == "ERP")).one()
    assert text.partition(".")[2] not in admin.get("/console/accounts").get_data(as_text=True)
    assert admin.post(f"/console/tokens/{token.id}/revoke").status_code == 303
    with console.database.read() as session:
        assert session.get_one(ApiToken, token.id).revoked_at is not None


def test_a_token_never_gets_more_than_its_user_has(console: Console) -> None:
    admin = console.browser("administrator")
    console.browser("quality")
    with console.database.read() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "quality")).one()
    answer = admin.submit("/console/tokens/new", {"name": "ERP 2", "user_id": user.id, "scopes": ["user.manage"]})
    assert answer.status_code == 422 and "user.manage" in answer.get_data(as_text=True)


def test_everybody_chooses_the_own_language(console: Console) -> None:
    person = console.browser("quality_manager", "zh")
    assert person.post("/console/account", {"language": "en"}).status_code == 303
    with console.database.read() as session:
        assert session.scalars(select(User.language).where(User.sign_in_name == "quality_manager")).one() == "en"


def test_an_administrator_says_whose_cases_a_regulator_sees(console: Console) -> None:
    admin = console.browser("administrator")
    answer = admin.submit("/console/accounts/new", {"name": "Inspector", "sign_in_name": "inspector",
                                                    "role": "regulator", "language": "en",
                                                    "password": "a long enough password"})
    form = answer.headers["Location"]
    page = admin.get(form).get_data(as_text=True)
    assert "sees nothing until its jurisdictions are set" in page and "European Union" in page
    assert "no scope" in admin.get("/console/accounts").get_data(as_text=True)
    here = form.partition("?")[0]
    empty = admin.post(here + "/scope", {})
    assert empty.status_code == 422 and "at least one jurisdiction" in empty.get_data(as_text=True)
    assert admin.post(here + "/scope", {"jurisdictions": ["CN", "EU"]}).status_code == 303
    page = admin.get(here).get_data(as_text=True)
    assert "no scope → China, European Union (all products)" in page and "sees nothing until" not in page
    assert admin.post(here + "/scope", {"jurisdictions": ["XX"]}).status_code == 422
    assert admin.post(here + "/scope", {"jurisdictions": ["CN"], "product_ids": ["0" * 32]}).status_code == 422
    with console.database.read() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "inspector")).one()
    assert (user.jurisdictions, user.product_ids) == (["CN", "EU"], [])
    for role in ("quality", "regulator"):  # who comes back has to be given a scope again
        assert admin.post(here, {"role": role}).status_code == 303
    assert "sees nothing until its jurisdictions are set" in admin.get(here).get_data(as_text=True)


def test_only_a_regulator_has_a_scope(console: Console) -> None:
    admin = console.browser("administrator")
    console.browser("quality")
    with console.database.read() as session:
        user = session.scalars(select(User).where(User.sign_in_name == "quality")).one()
    assert "Set the scope" not in admin.get(f"/console/accounts/{user.id}").get_data(as_text=True)
    assert admin.post(f"/console/accounts/{user.id}/scope", {"jurisdictions": ["CN"]}).status_code == 409


def test_an_administrator_names_a_medical_assessor_and_ends_it(console: Console) -> None:
    admin = console.browser("administrator")
    console.browser("quality")
    console.browser("operator")
    with console.database.read() as session:
        ids = {user.sign_in_name: user.id for user in session.scalars(select(User))}
    path = f"/console/accounts/{ids['quality']}"
    assert "No medical assessor is named." in admin.get("/console/accounts?lang=en").text
    assert "do=assessor" not in admin.get(f"/console/accounts/{ids['operator']}").text
    assert admin.post(f"{path}/assessor", admin.hidden(f"{path}?do=assessor") | {"qualification": ""}).status_code == 422
    assert admin.post(f"{path}/assessor", admin.hidden(f"{path}?do=assessor") | {
        "qualification": "Physician"}).status_code == 303
    shown = admin.get(f"{path}?lang=en").text
    assert shown.count("Physician") == 2, "the account, and its history"
    listed = admin.get("/console/accounts?lang=en").text
    assert "medical assessor</span>" in listed and "No medical assessor is named." not in listed
    for role, is_one in (("operator", False), ("quality", True)):
        with console.database.write() as session:
            change_user(session, SYSTEM, SystemClock(), ChangeUser(ids["quality"], role=role))
        listed = admin.get("/console/accounts?lang=en").text
        assert ("medical assessor</span>" in listed, "No medical assessor is named." in listed) == (is_one, not is_one)
    with console.database.read() as session:
        revision = session.get_one(User, ids["quality"]).revision
    assert admin.post(f"{path}/assessor", {"end": "1", "revision": str(revision)}).status_code == 303
    assert "Physician → ended" in admin.get(f"{path}?lang=en").text
