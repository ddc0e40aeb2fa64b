"""`detection refit`: learn anew what is usual of products from their past."""
from __future__ import annotations

import argparse
import json

from traceapp.core.actor import Actor
from traceapp.core.errors import NotFound

_WHO = Actor(id="command-line", role="system", name="command line", source="cli")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    group = commands.add_parser("detection", help="what is expected of products")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser(
        "refit", help="learn the wait and the rates of products from their past, as the jobs do every night",
        description="One JSON line a product on stdout: the number of the fit, from how many reports and lots, and "
        "whether they are enough to be used; “unchanged” where nothing is new since the last fit, "
        "or nothing can be said yet.")
    act.add_argument("--product", default="", metavar="CODE", help="only this product (default: every one despatched)")
    act.set_defaults(run=_refit)


def _refit(options: argparse.Namespace) -> int:
    from traceapp.catalog.lookup import products_by_id
    from traceapp.catalog.queries import product_by_code
    from traceapp.core.clock import SystemClock
    from traceapp.surveillance.refit import products_to_fit, refit_product

    from .settings import database

    here = database()
    with here.read() as session:
        if options.product:
            product = product_by_code(session, options.product)
            if product is None:
                raise NotFound("There is no such product.", place=options.product)
            wanted = [product.id]
        else:
            wanted = products_to_fit(session)
        codes = {key: one.code for key, one in products_by_id(session, wanted).items()}
    for product_id in wanted:
        fit = refit_product(here, _WHO, SystemClock(), product_id)
        told = {"product": codes[product_id], "state": "unchanged"} if fit is None else {
            "product": codes[product_id], "state": "fitted", "fit": fit.number, "reports": fit.delay_reports,
            "lots": fit.lots, "left_out": len(fit.left_out), "is_enough": fit.in_force_from is not None}
        print(json.dumps(told, ensure_ascii=False))
    return 0
