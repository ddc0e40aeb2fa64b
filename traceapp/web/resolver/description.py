"""The resolver description file: which keys are held here, and whose resolver it is.

Source: GS1-Conformant Resolver Standard 1.2.1, clause 3.
"""
from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import select

from traceapp.catalog.model import Party, Site
from traceapp.code.anchors import SUPPORTED_KEYS
from traceapp.code.link_types import PREFIX, VOCABULARY
from traceapp.code.linkset import CONTEXT_ADDRESS
from traceapp.web.context import world

from .asking import root_of

_OWNER = (select(Party.name_en, Party.name_zh, Party.region, Party.city).join(Site, Site.party_id == Party.id)
          .where(Site.is_own).order_by(Site.code).limit(1))


def _owner() -> Any:
    """The company whose sites these are; None before there is one."""
    with world().database.reading() as connection:
        return connection.execute(_OWNER).first()


def owner_name(language: str) -> str:
    """Its name, for the head of a page; the product's own until there is one."""
    owner = _owner()
    if owner is None:
        return "traceapp"
    first, second = (owner.name_zh, owner.name_en) if language == "zh" else (owner.name_en, owner.name_zh)
    return str(first or second or "traceapp")


def description_file() -> Response:
    """The file."""
    here, owner = world(), _owner()
    found: dict[str, Any] = {
        "name": "traceapp", "resolverRoot": root_of(request.headers.get("Host", ""), here.settings.base_url),
        "supportedPrimaryKeys": list(SUPPORTED_KEYS), "linkTypeDefaultCanBeLinkset": False,
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": PREFIX}], "jsonLdContextLocation": CONTEXT_ADDRESS}
    if owner is not None:
        town = {"locality": owner.city, "region": owner.region}
        found["contact"] = {"fn": owner.name_en or owner.name_zh,
                            "hasAddress": {name: text for name, text in town.items() if text}}
    answer = jsonify(found)
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer
