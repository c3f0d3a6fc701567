"""The stored results of other programs, and how a satloyal fit is read against them."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import satloyal as sl

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Limit:
    """How close numbers must be: ``|a - b| <= limit * max(|b|, floor)``, or absolute where floor is None."""

    limit: float
    floor: float | None
    reason: str

    def difference(self, ours: float, theirs: float) -> float:
        scale = 1.0 if self.floor is None else max(abs(theirs), self.floor)
        return abs(ours - theirs) / scale


_STOPPED = "lavaan's optimiser stops at about this distance from the minimum; ours goes on"
# 1e-4 relative, or 2e-5 absolute near 0: the two meet at 0.2
RELATIVE = Limit(1e-4, 0.2, _STOPPED)
CHI_SQUARE = Limit(
    1e-3,
    None,
    "flat at the minimum, so far closer than the estimates; the log-likelihood is in the thousands",
)
INDEX = Limit(1e-4, None, "ratios between 0 and 1, printed with three decimals")
COUNT = Limit(0.0, None, "whole numbers and constants")
CRITICAL_N = Limit(1e-4, 10.0, "a ratio of chi-squares times n")

COUNTS = {"npar", "df", "baseline.df", "ntotal", "rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0"}
CHI_SQUARES = {"chisq", "baseline.chisq", "logl", "unrestricted.logl", "aic", "bic", "bic2"}
CRITICAL_NS = {"cn_05", "cn_01"}
# root mean square residuals in the units of the data
IN_DATA_UNITS = {"rmr", "rmr_nomean"}

# Where lavaan's optimiser gave up in a long flat valley (its gradient is 4e-5; asking for more ends in "not
# converged"). Our chi-square is lower, and restarting lavaan from its solution moves towards ours.
STOPPED_EARLY = {"x_ecsi7": Limit(1e-2, 0.2, "a nearly collinear model, where lavaan stops short")}


@dataclass(frozen=True)
class Case:
    """One stored result."""

    name: str
    folder: str
    stored: Mapping[str, Any]

    def fit(self) -> Any:
        return _fit(self.folder, self.name)

    @property
    def group_count(self) -> int:
        return max((row.get("block") or row.get("group") or 1) for row in self.stored["estimates"])


@dataclass(frozen=True)
class Compared:
    """One number of theirs beside one of ours."""

    statistic: str
    where: str
    ours: float
    theirs: float
    rule: Limit

    @property
    def difference(self) -> float:
        return self.rule.difference(self.ours, self.theirs) if not math.isnan(self.ours) else math.inf

    @property
    def agrees(self) -> bool:
        return self.difference <= self.rule.limit

    def __str__(self) -> str:
        return f"{self.statistic} {self.where}: ours {self.ours!r}, theirs {self.theirs!r}"


@cache
def load(folder: str) -> dict[str, Case]:
    paths = sorted((HERE / folder).glob("*.json"))
    return {p.stem: Case(p.stem, folder, json.loads(p.read_text(encoding="utf-8"))) for p in paths}


def _data(stored: Mapping[str, Any], args: dict[str, Any]) -> Any:
    if "sample.cov" in args:
        matrix, n = args.pop("sample.cov"), args.pop("sample.nobs")
        return sl.Moments.from_matrix(
            np.array(matrix["values"], float), n, names=matrix["names"], means=args.pop("sample.mean", None)
        )
    frame = pd.read_csv(HERE / "data" / stored["data"])
    return frame.replace(-99, np.nan) if "corporate" in stored["data"] else frame


def call(stored: Mapping[str, Any]) -> Any:
    """Fit the stored model with satloyal, its arguments translated from lavaan's."""
    args = dict(stored["args"] or {})
    data = _data(stored, args)
    options: dict[str, Any] = {}
    for engine, defaults in (("growth()", "growth"), ("lavaan()", "none")):
        if engine in stored["engine"]:
            options["defaults"] = defaults
    for name, value in args.items():
        several = name in {"group.equal", "group.partial", "ordered", "effect.coding"} and value is not True
        options["weights" if name == "sampling.weights" else name.replace(".", "_")] = (
            [value] if several and isinstance(value, str) else list(value) if several else value
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sl.SatloyalWarning)  # Heywood cases warn; their numbers are compared
        return sl.fit_sem(stored["syntax"], data, **options)


@cache
def _fit(folder: str, name: str) -> Any:
    return call(load(folder)[name].stored)


# --- reading a fit ---


def _key(lhs: str, op: str, rhs: str, group: int) -> tuple[str, str, str, int]:
    if op == ":=":
        return lhs, op, "", 0
    if op == "~~":
        lhs, rhs = sorted((lhs, rhs))
    return lhs, op, rhs, group


def _number(value: Any) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


COLUMNS = {
    "est": ("est", "estimate"),
    "se": ("se", "standard error"),
    "ci.lower": ("ci_lower", "interval"),
    "ci.upper": ("ci_upper", "interval"),
    "std.lv": ("std_lv", "std_lv"),
    "std.all": ("std_all", "std_all"),
}


def estimates(case: Case) -> Iterator[Compared]:
    """Every estimate with its standard error, interval and standardised values."""
    ours = {
        _key(row.lhs, row.op, row.rhs or "", int(row.group)): row
        for row in case.fit().tidy().itertuples(index=False)
    }
    for row in case.stored["estimates"]:
        group = row.get("block") or row.get("group") or 1
        key = _key(row["lhs"], row["op"], row["rhs"], group)
        if key not in ours:
            # rows that say only that something is fixed to 0
            assert row["est"] == 0, f"{case.name}: no row {key}"
            assert not row.get("se"), f"{case.name}: no row {key}"
            continue
        fixed = not row.get("se")
        reach = abs(row["est"]) + 2 * (row.get("se") or 0.0)
        for theirs, (column, statistic) in COLUMNS.items():
            value = _number(row.get(theirs))
            if value is None or (fixed and theirs in {"se", "ci.lower", "ci.upper"}):
                continue
            rule = STOPPED_EARLY.get(case.name, RELATIVE)
            if statistic == "interval":  # est ± 1.96 se cancels; what counts is the size of the two
                rule = replace(rule, floor=max(rule.floor or 0.0, reach))
            mine = float(getattr(ours[key], column))
            yield Compared(statistic, " ".join(map(str, key)), mine, value, rule)


def _deviates(name: str, case: Case, theirs: float | None) -> bool:
    """Where we differ on purpose; see docs/explanation/lavaan.md."""
    ours = float(case.fit().glance()[name.replace(".", "_")])
    if name in CRITICAL_NS and case.stored["fit_measures"]["df"] == 0:
        assert math.isnan(ours), (
            "undefined for a saturated model; lavaan has NA, or 1 where rounding leaves a trace"
        )
        return True
    if case.stored["args"] and dict(case.stored["args"]).get("missing") in {"fiml.x", "ml.x"} and theirs:
        glance = case.fit().glance()
        if name in {"logl", "unrestricted.logl", "aic", "bic", "bic2"}:
            twice = 2 * (glance["unrestricted_logl"] - glance["logl"])
            assert math.isclose(twice, glance["chisq"], rel_tol=1e-9), "ours belong together; lavaan's do not"
            return True
        if name in {"baseline.chisq", "baseline.chisq.scaled"}:
            assert math.isclose(ours, theirs, rel_tol=1e-4), "lavaan's baseline takes pairwise moments of x"
            return True
    if name.endswith(".robust") and _fractional_groups(case):
        assert math.isfinite(ours), "ours is defined; lavaan's is of other sizes of groups"
        return True
    if name.removesuffix(".scaled") in {"nfi", "rfi"} and theirs is None:
        assert not ours < 0, "lavaan leaves both out where the model has more df than the baseline"
        assert not ours > 1  # NaN where adjusted degrees of freedom do not compare
        return True
    return False


def _fractional_groups(case: Case) -> bool:
    """Whether rows are incomplete and the weights of some group do not sum to a whole number.

    lavaan 0.6-14 then takes the integer part for the group's size in the discrepancy of the robust measures,
    and in no other statistic: a weight of 1 + 1e-6 in one group moves its robust CFI by 2e-4. Cases whose
    weights sum to whole numbers compare these measures too.
    """
    args = dict(case.stored["args"] or {})
    if not {"missing", "sampling.weights", "group"} <= set(args):
        return False
    rows = case.fit().input.rows
    sums = [rows.weights[rows.codes == code].sum() for code in np.unique(rows.codes)]
    return any(abs(total - round(total)) > 1e-9 for total in sums)


def _rule(name: str) -> tuple[str, Limit]:
    """What a measure counts as in the table, and how close it must be; scaled and robust ones alike."""
    base = name.removesuffix(".scaled").removesuffix(".robust")
    statistic, rule = _plain_rule(base)
    if base == name:
        return statistic, rule
    if rule is COUNT:  # degrees of freedom of the scaled tests may be fractions
        return "scaled degrees of freedom", INDEX
    return f"{statistic}: scaled or robust", rule


def _plain_rule(name: str) -> tuple[str, Limit]:
    if name in COUNTS:
        return "counts, degrees of freedom", COUNT
    if name in CHI_SQUARES:
        return "chi-square, log-likelihood, AIC, BIC", CHI_SQUARE
    if name in CRITICAL_NS:
        return "critical n", CRITICAL_N
    if name in IN_DATA_UNITS:
        return "root mean square residual", RELATIVE
    if name.startswith(("srmr", "crmr")):
        return "SRMR, CRMR", INDEX
    if name.startswith("rmsea"):
        return "RMSEA, interval and tests", INDEX
    if name.endswith("pvalue"):
        return "p-values", INDEX
    if "scaling.factor" in name:
        return "scaling factors", INDEX
    return "CFI, TLI, GFI and the other indices", INDEX


def fit_measures(case: Case) -> Iterator[Compared]:
    """Every fit measure that lavaan reports, under its name with underscores."""
    glance = case.fit().glance()
    for name, value in case.stored["fit_measures"].items():
        theirs = _number(value)
        mine = name.replace(".", "_")
        if _deviates(name, case, theirs):
            continue
        assert mine in glance.index, f"{case.name}: glance() has no {mine}"
        ours = float(glance[mine])
        if theirs is None:
            assert math.isnan(ours), f"{case.name}: {mine} is undefined there and {ours} here"
            continue
        statistic, rule = _rule(name)
        yield Compared(statistic, name, ours, theirs, rule)


def _square(stored: Mapping[str, Any], ours: pd.DataFrame, statistic: str, rule: Limit) -> Iterator[Compared]:
    names, values = stored["names"], stored["values"]
    for i, a in enumerate(names):
        for j, b in enumerate(names[: i + 1]):
            if statistic.startswith("HTMT") and i == j:
                continue
            yield Compared(statistic, f"{a}, {b}", float(ours.loc[a, b]), float(values[i][j]), rule)


def residuals(case: Case) -> Iterator[Compared]:
    """The differences between observed and implied moments, where stored."""
    for key in (
        "residual_cov",
        "residual_cor",
    ):  # the same where the variances are reproduced, as they are here
        if key in case.stored:
            yield from _square(case.stored[key], case.fit().residuals("cor"), "residual correlations", INDEX)
    if "residual_raw" in case.stored:
        ours = case.fit().residuals("raw")
        yield from _square(case.stored["residual_raw"], ours, "residuals in units of the data", RELATIVE)


def measurement(case: Case) -> Iterator[Compared]:
    """Alpha, omega, average variance extracted and HTMT, where stored."""
    if "reliability" not in case.stored:
        return
    found = case.fit().measurement()
    table = found.reliability.set_index("construct")
    theirs = case.stored["reliability"]
    ours_name = {"alpha": "alpha", "omega": "omega", "avevar": "ave"}
    for measure, values in zip(theirs["measure"], theirs["values"], strict=True):
        if measure not in ours_name:
            continue
        for construct, value in zip(theirs["construct"], values, strict=True):
            ours = float(table.loc[construct, ours_name[measure]])
            yield Compared("alpha, omega, AVE", f"{construct} {measure}", ours, float(value), INDEX)


def htmt(case: Case) -> Iterator[Compared]:
    """The heterotrait-monotrait ratios, geometric (as stored by semTools) and arithmetic."""
    for key, kind in (("htmt", "htmt2"), ("htmt_arithmetic", "htmt")):
        if key in case.stored:
            ours = getattr(case.fit().measurement(), kind)
            yield from _square(case.stored[key], ours, "HTMT, HTMT2", INDEX)


def covariance(case: Case) -> Iterator[Compared]:
    """The covariance matrix of the estimates, where stored: as correlations times standard errors."""
    if "vcov" not in case.stored:
        return
    stored = case.stored["vcov"]
    names, theirs = stored["vcov_names"], np.array(stored["vcov"], float)
    fit = case.fit()
    place: dict[str, int] = {}
    for row in fit.table.rows:
        if row.free:
            place.setdefault(row.label or f"{row.lhs}{row.op}{row.rhs}", row.free - 1)
    ours = np.asarray(fit.vcov)
    # shared labels stand several times in lavaan's matrix; every entry is compared
    index = [place[name] for name in names]
    scale = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))
    rule = Limit(2e-4, None, "correlation units; a product of two standard errors")
    for i, a in enumerate(names):
        for j, b in enumerate(names[: i + 1]):
            mine = ours[index[i], index[j]] / scale[i, j]
            yield Compared("covariances of estimates", f"{a}, {b}", mine, theirs[i, j] / scale[i, j], rule)


ASPECTS = {
    "estimates": estimates,
    "fit measures": fit_measures,
    "residuals": residuals,
    "measurement": measurement,
    "HTMT": htmt,
    "covariance": covariance,
}
