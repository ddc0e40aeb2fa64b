"""What each column of the results of `signals …` means, at the end of the command's help."""
from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping

_WIDTH, _INDENT = 100, 28
_PLAN = {
    "upper": "planned end of the surveillance, in expected events",
    "min": "least number of events that may alarm",
    "delay": "first look, in expected events",
    "critical_value": "log-likelihood ratio at or above which the test alarms; empty where no value can be: see reason",
}
_SCAN = {
    "node": "leaf or inner node", "C": "cases in it", "E": "cases expected in it by chance",
    "RR": "rate inside over rate outside (bernoulli: over the probability); empty: nothing to compare with",
    "excess": "cases beyond those that a ratio of one would give",
    "LLR": "log-likelihood ratio, 0 where no more than expected was seen",
    "p": "chance that the largest LLR of any node is at least this one when nothing is wrong, all nodes allowed for",
    "from": "tree-temporal only: first day of the best window",
    "to": "tree-temporal only: last day of the best window, included",
}
_LIMIT = "lower 2.5 % limit; empty where the table defines none"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "critical-value": {
        "alpha": "false-alarm rate asked for, over the whole plan", **_PLAN,
        "size": "exact false-alarm rate at this value; without a value what the loosest test would spend",
        "reason": "why there is no critical value"},
    "power": {
        **_PLAN, "rate_ratio": "true rate over the usual one", "power": "chance of an alarm by the planned end",
        "time_to_signal": "mean expected events until the alarm, over runs that alarm; empty where none can",
        "sample": "mean expected events until the alarm or the planned end"},
    "cusum-arl": {
        "h": "height at or above which it alarms", "k": "allowance taken off each period's count",
        "theta": "mean count a period", "head_start": "where the sum begins",
        "arl": "mean number of periods until the alarm, exact"},
    "disproportionality": {
        "product": "product or lot", "event": "event or term", "a": "reports with both",
        "n_i": "reports with the product", "m_j": "reports with the event",
        "N": "all reports (pair convention: all pairs)",
        "E": "reports with both when they have nothing to do with each other: n_i m_j / N, or that sum over strata",
        "RR": "a / E", "PRR": "share of the event with the product over its share without; inf: seen with no other",
        "PRR025": _LIMIT, "ROR": "odds ratio; inf: nothing to compare with", "ROR025": _LIMIT,
        "chi2_yates": "chi-square of the table with Yates's correction; empty for an empty margin",
        "IC": "log2((a + .5) / (E + .5))", "IC025": "exact 2.5 % point of IC: above 0 it is a signal",
        "EBGM": "posterior geometric mean of the relative rate, small counts drawn towards the rest",
        "EB05": "5 % point of the relative rate: at or above 2 it is a signal", "EB95": "95 % point"},
    "scan": _SCAN,
    "causes": {
        "rank": "1 is the likeliest; empty for chance alone, the last row",
        "members": "nodes that the complaints cannot tell apart, separated by ;", "lots": "exposed lots made from them",
        "complaints": "complaints about these lots", "expected": "their part of all complaints by exposure and dose",
        "exposure": "exposure of these lots", "log_bf": "log of the Bayes factor against chance",
        "posterior": "probability to be the cause; all rows add up to 1",
        "rate_ratio": "likeliest rate inside over outside; empty for no bound", "rr025": "lower 95 % profile limit",
        "rr975": "upper limit, empty for no bound", "explained": "complaints beyond those that the rate outside gives",
        "LLR": "log-likelihood ratio of the scan statistic", "p": "its p-value, all classes allowed for",
        "sample": "what to test > members that a bad result points to; separated by ;"},
    "simulate": {
        "cause": "what is wrong: a lot, raw lot or line; none", "rate_ratio": "planted rate over the usual one",
        "lots_affected": "lots made from the cause",
        "knowledge": "true: the detector knows rate and wait; fitted: it learnt both from earlier lots",
        "runs": "plants drawn", "detected": "share of them in which a node with an affected lot alarmed",
        "delay_median": "days from the first delivery of an affected lot to that alarm, over detected runs",
        "delay_p90": "nine in ten of the detected runs took no longer",
        "bound": "days until the planted rate has left ln(1/alpha) of information: for small alpha no test has a "
                 "smaller mean delay; empty where it never does",
        "false_alarms_per_100_lots": "nodes without an affected lot that alarmed, in 100 lots without a fault",
        "top1": "share of detected runs with the cause in the top class of the ranking on the day of the alarm",
        "top1_4_weeks_later": "the same four weeks later", "first_by": "kind of node that mostly alarmed first"},
}


def explain(act: argparse.ArgumentParser, name: str) -> None:
    """Say at the end of the help of a command what its columns mean."""
    lines = [textwrap.fill(f"{column:<{_INDENT - 4}}  {meaning}", _WIDTH, initial_indent="  ",
                           subsequent_indent=" " * _INDENT)
             for column, meaning in COLUMNS[name].items()]
    act.formatter_class = argparse.RawDescriptionHelpFormatter
    act.description = None if act.description is None else textwrap.fill(" ".join(act.description.split()), _WIDTH)
    act.epilog = "columns of the result:\n" + "\n".join(lines)
