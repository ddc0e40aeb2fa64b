"""Pages of our own places and company: name, town, country. Nothing about persons, nothing about whom we supply."""
from __future__ import annotations

from typing import Any

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import Row, exists, select

from traceapp.catalog.model import Party, Site
from traceapp.core.errors import NotFound
from traceapp.core.places import country, place
from traceapp.gs1 import Parsed
from traceapp.web.context import world
from traceapp.web.i18n import LANGUAGES

from . import scan_view
from .scan_pages import Wish
from .state import public_page

# AI -> what its GLN names: a place, or a company.
PLACES = {"414": Site, "417": Party}
_OF_SITE = (select(Site.name_zh, Site.name_en, Site.city, Party.city.label("seat"), Party.region, Party.country)
            .join(Party, Party.id == Site.party_id).where(Site.is_own))
_OF_PARTY = (select(Party.name_zh, Party.name_en, Party.city, Party.city.label("seat"), Party.region, Party.country)
             .where(exists().where(Site.party_id == Party.id, Site.is_own)))


def place_page(parsed: Parsed, wanted: Wish) -> Response:
    """The page. Raises NotFound for a place that is none of ours."""
    row = _found(parsed.key, parsed.values[parsed.key])
    if row is None:
        raise NotFound("There is no such place of ours.")
    name = scan_view.name_in(wanted.language, row.name_zh, row.name_en)
    tongue = LANGUAGES[wanted.language][0]
    lines = [(_("Town"), place(row.city or row.seat, tongue)), (_("Region"), place(row.region, tongue)),
             (_("Country"), country(row.country, tongue)), ("GLN", parsed.values[parsed.key])]
    return public_page("place.html", same_path=True, name=name, lines=[line for line in lines if line[1]])


def _found(ai: str, gln: str) -> Row[*tuple[Any, ...]] | None:
    wanted = _OF_SITE.where(Site.gln == gln) if PLACES[ai] is Site else _OF_PARTY.where(Party.gln == gln)
    with world().database.reading() as connection:
        return connection.execute(wanted).first()
