"""`signals simulate`: plants drawn at random with a planted cause, watched as the service watches."""
from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from traceapp.signals.delay import Delay

from .progress import bar

if TYPE_CHECKING:
    from traceapp.signals.plant import Common


def add(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    act = acts.add_parser(
        "simulate", help="how soon would a bad lot, raw lot or line be found, and how often falsely?",
        description="Draws plants with a planted cause in the middle of the plan. One row a question, as CSV.")
    act.add_argument("--cause", nargs="+", choices=["lot", "raw", "line", "none"], default=["lot", "raw"],
                     help="what is wrong; none measures false alarms (default: lot raw)")
    act.add_argument("--rr", nargs="+", type=float, default=[3.0, 5.0, 10.0], help="rate ratios (default: 3 5 10)")
    act.add_argument("--knowledge", nargs="+", choices=["true", "fitted"], default=["true", "fitted"],
                     help="what the detector knows of rate and wait: all, or what earlier lots taught (default: both)")
    act.add_argument("--runs", type=int, default=200, help="plants drawn a question (default 200)")
    act.add_argument("--seed", type=int, default=0, help="seed of the plants: same seed, same answer (default 0)")
    for name, kind, default, words in (
        ("lots", int, 40, "finished lots in the plan"), ("units", int, 3000, "units of a lot"),
        ("days-between", float, 7.0, "days from one release to the next"),
        ("shipping-days", int, 28, "days over which a lot is delivered"),
        ("baseline", float, 0.002, "reports a unit when nothing is wrong"),
        ("raws", int, 1, "raw materials"), ("lots-a-raw", int, 4, "lots made from one raw lot"),
        ("lines", int, 2, "lines that take the lots in turn"),
        ("equipment", int, 0, "machines that take the lots in turn, watched by the quarter"),
        ("load-lots", int, 0, "lots of one sterilisation load"),
        ("consignees", int, 0, "consignees that every lot is divided among, watched by the quarter"),
        ("counted", float, 1.0, "share of reports that come in and name their lot"),
        ("use-mean-days", float, 14.0, "mean days from delivery to use"),
        ("report-mean-days", float, 7.0, "mean days from use to report"),
        ("report-shape", float, 1.5, "shape of the days from use to report"),
        ("alpha", float, 0.01, "false alarms a lot over its life, all nodes together"),
        ("min", int, 3, "least number of reports to alarm"),
        ("history", int, 40, "earlier lots that a fitted detector learns from"),
        ("family", int, 0, "sister products, with as many earlier lots each, on whose rates a fitted detector leans"),
        ("stated-mean-days", float, 21.0, "mean days from delivery to report as stated before there were reports; a "
                                          "fitted detector starts from it"),
        ("serious", float, 0.0, "share of reports that are watched by themselves as well"),
    ):
        act.add_argument(f"--{name}", type=kind, default=default, help=f"{words} (default {default})")
    act.add_argument("--shipping-unknown", action="store_true", help="the detector has no shipping records: all units "
                                                                     "count as delivered on the day of release")
    act.set_defaults(run=_simulate)


def _commons(options: argparse.Namespace) -> tuple[Common, ...]:
    from traceapp.signals.plant import Common

    wanted = (Common("equipment", options.equipment, quarterly=True) if options.equipment else None,
              Common("load", options.load_lots, "run") if options.load_lots else None,
              Common("consignee", options.consignees, "part", quarterly=True) if options.consignees else None)
    return tuple(common for common in wanted if common is not None)


def _simulate(options: argparse.Namespace) -> int:
    from traceapp.signals.causes import Chance
    from traceapp.signals.lines import csv_table
    from traceapp.signals.plant import Plant
    from traceapp.signals.simulation import Detector, simulate

    delay = Delay(options.use_mean_days, options.report_shape, options.report_mean_days)
    # As stated, two thirds of the wait are until use.
    stated = Delay(options.stated_mean_days * 2 / 3, delay.report_shape, options.stated_mean_days / 3)
    plant = Plant(options.lots, options.units, options.days_between, options.shipping_days, options.baseline, delay,
                  options.raws, options.lots_a_raw, options.lines, options.counted, _commons(options))
    questions = [(cause, rate_ratio, knowledge) for cause in options.cause
                 for rate_ratio in (options.rr if cause != "none" else [1.0]) for knowledge in options.knowledge]
    chance = Chance(options.runs, options.seed)
    move = bar("plants", len(questions) * options.runs)
    for at, (cause, rate_ratio, knowledge) in enumerate(questions):
        detector = Detector(options.alpha, options.min, knowledge, options.history, not options.shipping_unknown,
                            options.family, stated, options.serious)
        found = simulate(plant, cause, rate_ratio, detector, chance=chance, progress=move)
        table = csv_table([asdict(found)])
        sys.stdout.write(table if at == 0 else table.split("\n", 1)[1])
        sys.stdout.flush()
    return 0
