"""`signals disproportionality`, `scan`, `causes`: an analyst's CSV files in, a CSV table out."""
from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from traceapp.core.errors import InvalidInput, NotFound

from .progress import shown

if TYPE_CHECKING:
    from traceapp.signals.lines import Record
    from traceapp.signals.shrinkage import Prior

_PRIOR_NUMBERS = 5
# Below it a fitted prior is noise.
_FEW_PAIRS = 100


def add(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that read files."""
    pairs, scan, causes = _add_pairs(acts), _add_scan(acts), _add_causes(acts)
    for act, replications in ((scan, 9999), (causes, 999)):
        act.add_argument("--reps", type=int, default=replications, help=f"replications for p ({replications})")
        act.add_argument("--seed", type=int, default=0, help="seed of the replications: same seed, same p")
    for act in (pairs, scan, causes):
        act.add_argument("--json", action="store_true", help="one JSON object a line instead of CSV")


def _add_pairs(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    pairs = acts.add_parser(
        "disproportionality", help="is a term reported with a lot or product more often than with the others?",
        description="FILE is CSV with the columns report,product,event (one row a report, product and event; other "
        "columns are passed over; headers may be Chinese: 报告编号, 批号, 不良事件), or product,event,n with counts "
        "already made. One row a pair that occurs: a reports with both, n_i with the product, m_j with the event, N in "
        "all, E expected, RR, PRR, ROR, chi-square with Yates's correction, IC and EBGM, with their 2.5 % or 5 % and "
        "95 % limits. An empty cell: the table does not define the figure; inf: nothing outside to compare with.")
    pairs.add_argument("file", help="CSV file; - reads standard input")
    pairs.add_argument("--convention", choices=["report", "pair"], default="report",
                       help="what is counted once: a report (default), or each row of report, product and event")
    pairs.add_argument("--prior", type=_prior, default=None, metavar="fit|a1,b1,a2,b2,p",
                       help="prior of EBGM: fitted to the file (default), or stated")
    pairs.add_argument("--strata", nargs="+", action="extend", default=[], metavar="COL",
                       help="columns whose combination stratifies E, as in sex age_group")
    pairs.set_defaults(run=_disproportionality)
    return pairs


def _add_scan(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    scan = acts.add_parser(
        "scan", help="which part of a tree or genealogy has more cases than its share?",
        description="NODES is CSV with node,cases,population (for tree-temporal: node,cases,day), EDGES with "
        "parent,child; a node may have several parents. One row a node, the largest likelihood ratio first: C cases, "
        "E expected, RR against the rest, excess, LLR, and p with all nodes allowed for, from random replications.")
    scan.add_argument("--nodes", required=True, metavar="NODES.csv", help="cases and population of leaves; - reads "
                                                                          "standard input")
    scan.add_argument("--edges", required=True, metavar="EDGES.csv", help="parent and child")
    scan.add_argument("--model", choices=["poisson", "bernoulli", "tree-temporal"], default="poisson",
                      help="cases against population (default), each case yes or no, or windows of days")
    scan.add_argument("--probability", type=float, help="bernoulli: chance of a case where nothing is wrong (default: "
                                                        "all cases / all of the population)")
    for name, words in (("span", "tree-temporal: first and last day (default: those of the file)"),
                        ("start", "tree-temporal: a window begins in these days (default: the span)"),
                        ("end", "tree-temporal: a window ends in these days (default: the span)")):
        scan.add_argument(f"--{name}", type=_days, metavar="FIRST:LAST", help=words)
    scan.add_argument("--shortest", type=int, default=1, help="tree-temporal: least days of a window (default 1)")
    scan.add_argument("--longest", type=int, help="tree-temporal: most days of a window (default: half the span)")
    scan.set_defaults(run=_scan)
    return scan


def _add_causes(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    causes = acts.add_parser(
        "causes", help="which ancestor best explains where the complaints are?",
        description="LOTS is CSV with lot,complaints,exposure (expected complaints, or units in use), EDGES with "
        "parent,child and, where known, share: the part of the child that came from the parent (empty: all of it). "
        "Headers may be Chinese (批号, 投诉数, 暴露量; 上级, 下级, 占比). One row a class of "
        "nodes that the complaints cannot tell apart, by posterior; the last row is chance alone. Column sample says "
        "what to test so that a bad result points to some members and a good one to the others.")
    causes.add_argument("--lots", required=True, metavar="LOTS.csv", help="finished lots; - reads standard input")
    causes.add_argument("--edges", required=True, metavar="EDGES.csv", help="what was made from what")
    causes.set_defaults(run=_causes)
    return causes


def _prior(text: str) -> Prior | None:
    from traceapp.signals.shrinkage import Prior

    if text == "fit":
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
        if len(numbers) != _PRIOR_NUMBERS:
            raise ValueError
        return Prior(*numbers)
    except (ValueError, InvalidInput):
        raise argparse.ArgumentTypeError("fit, or five numbers: a1,b1,a2,b2 above 0 and p between 0 and 1") from None


def _days(text: str) -> tuple[int, int]:
    first, mark, last = text.partition(":")
    try:
        days = int(first), int(last)
    except ValueError:
        raise argparse.ArgumentTypeError("two whole days, as in 1:28") from None
    if not mark or days[0] > days[1]:
        raise argparse.ArgumentTypeError("first day before last, as in 1:28")
    return days


@contextmanager
def _lines(name: str) -> Iterator[Iterator[str]]:
    """The lines of a file or of standard input, with a count where somebody looks."""
    if name == "-":
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict", newline="")
        try:
            yield shown(sys.stdin, "rows", None)
        except UnicodeDecodeError:
            raise InvalidInput("Standard input is not UTF-8 text.", place=name) from None
        return
    path = Path(name)
    if not path.is_file():
        raise NotFound("There is no such file.", place=name)
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield shown(file, "rows", None)
        except UnicodeDecodeError:
            line = _line_without_text(path)
            if line is None:
                raise
            raise InvalidInput("The file is not UTF-8 text (line %(line)s): save it as CSV UTF-8.", place=name,
                               line=line) from None


def _line_without_text(path: Path) -> int | None:
    """The first line that is not UTF-8; None: it is another file that is not. Asked of the file anew, since text is
    decoded ahead of the lines."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def _show(records: list[Record], as_json: bool) -> int:
    from traceapp.signals.lines import csv_table, json_lines

    sys.stdout.write((json_lines if as_json else csv_table)(records))
    return 0


def _disproportionality(options: argparse.Namespace) -> int:
    from traceapp.signals.analyses import disproportionality_records

    with _lines(options.file) as lines:
        records = disproportionality_records(lines, convention=options.convention, prior=options.prior,
                                             strata=options.strata)
    if options.prior is None and len(records) < _FEW_PAIRS:
        print(f"traceapp: EBGM, EB05 and EB95 rest on a prior that was fitted to {len(records)} pairs, which is too "
              "few to trust: state the one of a larger file with --prior.", file=sys.stderr)
    return _show(records, options.json)


def _scan(options: argparse.Namespace) -> int:
    from traceapp.signals import analyses

    chance = {"replications": options.reps, "seed": options.seed}
    with _lines(options.nodes) as nodes, _lines(options.edges) as edges:
        if options.model == "poisson":
            found = analyses.scan_poisson_records(nodes, edges, **chance)
        elif options.model == "bernoulli":
            found = analyses.scan_bernoulli_records(nodes, edges, options.probability, **chance)
        else:
            plan = analyses.WindowPlan(options.span, options.start, options.end, options.shortest, options.longest)
            found = analyses.scan_tree_temporal_records(nodes, edges, plan, **chance)
    return _show(found, options.json)


def _causes(options: argparse.Namespace) -> int:
    from traceapp.signals.analyses import cause_records

    with _lines(options.lots) as lots, _lines(options.edges) as edges:
        return _show(cause_records(lots, edges, replications=options.reps, seed=options.seed), options.json)
