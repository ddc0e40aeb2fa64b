"""What other sites' scripts may read of public answers: all of it, without credentials."""
from __future__ import annotations

METHODS = "GET, HEAD, OPTIONS"
HEADERS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", METHODS),
           ("Access-Control-Expose-Headers", "Link, Location, ETag"))
# What a script may send along with a question; a browser asks this first.
PREFLIGHT = (*HEADERS, ("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization"),
             ("Access-Control-Max-Age", "86400"), ("Allow", METHODS))
