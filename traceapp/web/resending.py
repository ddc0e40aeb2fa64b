"""A form that came after its session had ended: what was typed goes back to who typed it, to be sent once more."""
from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from traceapp.core.actor import PUBLIC

from .context import world

# Never given back; a password is typed again.
_SECRET = frozenset({"csrf_token", "password", "present_password", "new_password", "new_password_again"})
_UNSEEN = frozenset({"form_token", "revision", "seen"})
_MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class LateForm:
    """`fields` to send again to `action`; `texts` what a person typed in words; `is_signed_out` whether nobody is
    signed in any more; `had_files` whether files have to be chosen again."""

    action: str
    fields: list[tuple[str, str]]
    texts: list[str]
    is_signed_out: bool
    had_files: bool


def late_form() -> LateForm | None:
    """The form of this request; None when it did not come from a page of ours, or is the one to sign in with."""
    if request.method != "POST" or (request.endpoint or "").startswith("identity.") or not _is_ours():
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in _SECRET]
    if not fields or len(fields) > _MOST_FIELDS:
        return None
    texts = [value for name, value in fields if name not in _UNSEEN and (" " in value.strip() or not value.isascii())]
    return LateForm(request.full_path.rstrip("?"), fields, texts, g.actor.role == PUBLIC.role,
                    any(file.filename for file in request.files.values()))


def _is_ours() -> bool:
    """Whether the browser says that a page of this service sent the form; what another site sent is not shown."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site == "same-origin"
    return request.headers.get("Origin", "") in {world().settings.base_url, request.host_url.rstrip("/")}
