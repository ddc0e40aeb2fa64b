"""Passwords on the pages: changed by their owner, given anew by an administrator, chosen at the first sign-in."""
from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories import PASSWORD, make_user
from tests.factories_web import Browser, Console
from tests.http_clients import csrf_of
from traceapp.core.actor import SYSTEM
from traceapp.identity.model import IdempotencyKey, User
from traceapp.identity.service import NewToken, create_token, prove_password, sign_in

NEW = "a quite different password"


def fields(present: str, new: str, again: str | None = None) -> dict[str, str]:
    return {"present_password": present, "new_password": new, "new_password_again": new if again is None else again}


def person(console: Console, name: str, role: str = "quality") -> tuple[Browser, User]:
    """A new user and the browser in which it is signed in."""
    user = make_user(console.database, console.clock, role, name)
    browser = Browser(console.app, console.app.test_client())
    with console.database.write() as session:
        token = sign_in(session, console.clock, prove_password(session, name, PASSWORD), "test").token
    with browser.client.session_transaction() as cookie:
        cookie["token"] = token
    return browser, user


def enter(console: Console, name: str, password: str) -> Browser:
    browser = Browser(console.app, console.app.test_client())
    csrf = csrf_of(browser.get("/sign-in").get_data(as_text=True))
    answer = browser.client.post("/sign-in", data={"name": name, "password": password, "csrf_token": csrf})
    assert answer.status_code == 303
    return browser


def change(browser: Browser, present: str, new: str, again: str | None = None) -> TestResponse:
    return browser.post("/console/account/password", {**browser.hidden("/console/account"),
                                                      **fields(present, new, again)})


def test_everybody_changes_the_own_password_and_stays_signed_in_here_alone(console: Console) -> None:
    browser, _ = person(console, "wang")
    elsewhere = enter(console, "wang", PASSWORD)
    answer = change(browser, PASSWORD, NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/account")
    assert "Your password was changed" in browser.get("/console/account").get_data(as_text=True)
    assert elsewhere.get("/console/today").status_code == 302
    assert enter(console, "wang", NEW).get("/console/today").status_code == 200


def test_a_second_click_is_harmless_and_no_hash_of_a_password_is_kept(console: Console) -> None:
    browser, user = person(console, "click")
    form = {**browser.hidden("/console/account"), **fields(PASSWORD, NEW)}
    assert [browser.post("/console/account/password", form).status_code for _ in range(2)] == [303, 303]
    assert "recorded already" in browser.get("/console/account").get_data(as_text=True)
    form = {**form, "new_password": "another try", "new_password_again": "another try"}
    assert browser.post("/console/account/password", form).status_code == 303
    with console.database.read() as session:
        assert len(session.scalars(select(IdempotencyKey).where(IdempotencyKey.actor_id == user.id)).all()) == 1
    assert enter(console, "click", NEW)


@pytest.mark.parametrize(("values", "place", "said"), [
    (fields("wrong", NEW), "present_password", "is not right"), (fields(PASSWORD, "short"), "new_password", "at least 12"),
    (fields(PASSWORD, NEW, "a quite different passwort"), "new_password_again", "not the same"),
    (fields(PASSWORD, PASSWORD), "new_password", "the present password")])
def test_what_is_wrong_is_said_at_its_field_and_no_password_is_shown_again(
        console: Console, values: dict[str, str], place: str, said: str) -> None:
    browser = console.browser("quality")
    answer = browser.post("/console/account/password", {**browser.hidden("/console/account"), **values})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page.split(f'id="e-{place}"')[1].split("</p>")[0]
    assert not [value for value in values.values() if f'value="{value}"' in page]


def test_guesses_at_the_present_password_end_after_ten(console: Console) -> None:
    browser, _ = person(console, "guessed")
    assert [change(browser, "wrong", NEW).status_code for _ in range(11)] == 10 * [422] + [429]


def test_a_regulator_changes_the_password_and_sees_nothing_of_the_console(console: Console) -> None:
    browser, _ = person(console, "authority", "regulator")
    page = browser.get("/console/account").get_data(as_text=True)
    assert set(re.findall(r'(?:href|action)="(/console[^"?]*)', page)) == {"/console/account", "/console/account/password"}
    assert 'href="/regulator/"' in page
    assert change(browser, PASSWORD, NEW).status_code == 303


def given(console: Console, user: User) -> str:
    """The one-time password that an administrator gave."""
    admin = console.browser("administrator")
    here = f"/console/accounts/{user.id}"
    page = admin.post(f"{here}/password", {**admin.hidden(f"{here}?do=password"), "reason": "Forgot it"})
    assert page.status_code == 200
    return page.get_data(as_text=True).split("<code>")[1].split("</code>")[0]


@pytest.mark.parametrize(("role", "home"), [("quality", "/console/today"), ("regulator", "/regulator/")])
def test_a_one_time_password_leads_to_its_change_and_from_there_to_work(console: Console, role: str, home: str) -> None:
    _, user = person(console, f"forgetful-{role}", role)
    password = given(console, user)
    browser = enter(console, user.sign_in_name, password)
    assert browser.get(home).headers["Location"] == "/console/account"
    page = browser.get("/console/account").get_data(as_text=True)
    assert "until then nothing else opens" in page and 'name="language"' not in page
    answer = change(browser, password, NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, home)
    assert browser.get(home).status_code == 200


def test_a_one_time_password_is_shown_once(console: Console) -> None:
    _, user = person(console, "shown-once")
    password = given(console, user)
    page = console.browser("administrator").get(f"/console/accounts/{user.id}").get_data(as_text=True)
    assert password not in page
    assert "One-time password given" in page and "Forgot it" in page


def test_a_reset_without_a_reason_changes_nothing(console: Console) -> None:
    browser, user = person(console, "kept")
    admin = console.browser("administrator")
    here = f"/console/accounts/{user.id}"
    answer = admin.post(f"{here}/password", {**admin.hidden(f"{here}?do=password"), "reason": ""})
    assert answer.status_code == 422 and 'id="e-reason"' in answer.get_data(as_text=True)
    assert browser.get("/console/today").status_code == 200


def test_the_interface_for_machines_says_why_it_is_closed(console: Console) -> None:
    _, user = person(console, "machine")
    with console.database.write() as session:
        _, token = create_token(session, SYSTEM, console.clock, NewToken("erp", user.id, ("console.read",)))
    headers = {"Authorization": f"Bearer {token}"}
    client = console.app.test_client()
    assert client.get("/api/v1/tasks", headers=headers).status_code == 200
    given(console, user)
    answer = client.get("/api/v1/tasks", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "password-change-needed")


def test_a_person_whom_an_administrator_added_chooses_a_password_first(console: Console) -> None:
    admin = console.browser("administrator")
    admin.submit("/console/accounts/new", {"name": "Zhao", "sign_in_name": "zhao", "role": "quality", "language": "zh",
                                           "password": "told by telephone"})
    browser = enter(console, "zhao", "told by telephone")
    assert browser.get("/console/today").headers["Location"] == "/console/account"


def test_the_page_of_an_account_shows_what_happened_to_it_in_words(console: Console) -> None:
    _, user = person(console, "watched")
    admin = console.browser("administrator")
    here = f"/console/accounts/{user.id}"
    assert admin.post(here, {**admin.hidden(f"{here}?do=role"), "role": "operator"}).status_code == 303
    browser = Browser(console.app, console.app.test_client())
    csrf = csrf_of(browser.get("/sign-in").get_data(as_text=True))
    for name in ("watched", "nobody-of-ours"):
        browser.client.post("/sign-in", data={"name": name, "password": "wrong", "csrf_token": csrf})
    page = admin.get(here).get_data(as_text=True)
    assert "Quality → Operator" in page and "Sign-in refused" in page and "127.0.0.0/24" in page
    page = admin.get("/console/accounts").get_data(as_text=True)
    assert "names that nobody has" in page and "nobody-of-ours" not in page


def test_an_unknown_account_is_not_found(console: Console) -> None:
    assert console.browser("administrator").get("/console/accounts/" + "0" * 32).status_code == 404
