"""Fitted to its own population covariances, every model gives back every parameter, and a chi-square of zero.

The first two populations have the loadings and paths of the data-generating processes
``linear_2commonfactors`` and ``linear_3commonfactors`` of the tests of cSEM (Rademaker & Schuberth,
https://github.com/FloSchuberth/cSEM); the matrices are worked out here. Where ``SATLOYAL_REFERENCE`` is set,
cSEM's own matrices are read too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.moments import GroupMoments
from satloyal.models.sem.population import Population, without_values
from satloyal.spec.syntax import parse
from satloyal.spec.table import build_table

EXACT = 1e-6
POPULATIONS = {
    "two factors": """
        eta1 =~ 0.8*y11 + 0.9*y12 + 0.8*y13
        eta2 =~ 0.7*y21 + 0.7*y22 + 0.85*y23
        eta2 ~ 0.6*eta1
    """,
    "three factors": """
        eta1 =~ 0.8*y11 + 0.9*y12 + 0.8*y13
        eta2 =~ 0.7*y21 + 0.7*y22 + 0.9*y23
        eta3 =~ 0.9*y31 + 0.8*y32 + 0.7*y33
        eta2 ~ 0.6*eta1
        eta3 ~ 0.4*eta1 + 0.35*eta2
    """,
    "second order": """
        Product =~ 0.8*p1 + 0.7*p2 + 0.6*p3
        Service =~ 0.7*v1 + 0.8*v2 + 0.75*v3
        Price   =~ 0.6*c1 + 0.7*c2 + 0.8*c3
        Quality =~ 0.8*Product + 0.9*Service + 0.6*Price
        Loyalty =~ 0.8*l1 + 0.7*l2 + 0.9*l3
        Loyalty ~ 0.55*Quality
    """,
    "two second-order factors": """
        f1 =~ 0.8*a1 + 0.7*a2 + 0.6*a3
        f2 =~ 0.7*b1 + 0.8*b2 + 0.75*b3
        f3 =~ 0.6*c1 + 0.7*c2 + 0.8*c3
        g1 =~ 0.8*d1 + 0.75*d2 + 0.7*d3
        g2 =~ 0.9*e1 + 0.7*e2 + 0.6*e3
        g3 =~ 0.7*h1 + 0.65*h2 + 0.8*h3
        F =~ 0.8*f1 + 0.7*f2 + 0.6*f3
        G =~ 0.75*g1 + 0.8*g2 + 0.7*g3
        G ~ 0.5*F
    """,
    "third order": """
        f1 =~ 0.8*a1 + 0.7*a2 + 0.6*a3
        f2 =~ 0.7*b1 + 0.8*b2 + 0.75*b3
        f3 =~ 0.6*c1 + 0.7*c2 + 0.8*c3
        f4 =~ 0.8*d1 + 0.75*d2 + 0.7*d3
        f5 =~ 0.9*e1 + 0.7*e2 + 0.6*e3
        f6 =~ 0.7*h1 + 0.65*h2 + 0.8*h3
        f7 =~ 0.7*i1 + 0.75*i2 + 0.8*i3
        g1 =~ 0.8*f1 + 0.7*f2 + 0.6*f3
        g2 =~ 0.75*f4 + 0.8*f5
        g3 =~ 0.7*f6 + 0.8*f7
        H =~ 0.8*g1 + 0.7*g2 + 0.75*g3
    """,
    "bifactor": """
        General =~ 0.6*a1 + 0.7*a2 + 0.5*a3 + 0.6*b1 + 0.5*b2 + 0.7*b3 + 0.65*c1 + 0.55*c2 + 0.6*c3
        A =~ 0.5*a1 + 0.4*a2 + 0.6*a3
        B =~ 0.4*b1 + 0.6*b2 + 0.3*b3
        C =~ 0.35*c1 + 0.5*c2 + 0.6*c3
    """,
    "loop": """
        Satisfaction =~ 0.8*s1 + 0.7*s2 + 0.75*s3
        Loyalty =~ 0.8*l1 + 0.85*l2 + 0.7*l3
        Satisfaction ~ 0.3*Loyalty + 0.4*x1
        Loyalty ~ 0.4*Satisfaction + 0.3*x2
        Satisfaction ~~ 0.1*Loyalty
        x1 ~~ 0.3*x2
    """,
    "observed chain with residual covariance": """
        m1 ~ 0.5*x
        m2 ~ 0.4*x
        y ~ 0.3*m1 + 0.25*m2 + 0.2*x
        m1 ~~ 0.2*m2
    """,
    "cross-lagged panel": """
        s2 ~ 0.5*s1 + 0.2*l1
        l2 ~ 0.6*l1 + 0.15*s1
        s3 ~ 0.5*s2 + 0.2*l2
        l3 ~ 0.6*l2 + 0.15*s2
        s1 ~~ 0.4*l1
        s2 ~~ 0.1*l2
        s3 ~~ 0.1*l3
    """,
    "correlated residuals and a cross-loading": """
        A =~ 0.8*a1 + 0.7*a2 + 0.6*a3 + 0.3*b1
        B =~ 0.6*b1 + 0.8*b2 + 0.7*b3
        A ~~ 0.4*B
        a2 ~~ 0.15*a3
    """,
    "means": """
        A =~ 0.8*a1 + 0.7*a2 + 0.6*a3
        B =~ 0.75*b1 + 0.8*b2 + 0.7*b3
        B ~ 0.4*A
        a1 ~ 3*1
        a2 ~ 4*1
        a3 ~ 3.5*1
        b1 ~ 2*1
        b2 ~ -1*1
        b3 ~ 5*1
    """,
}
FREE = {"bifactor": {"orthogonal": True}}


def _moments(text: str, n: int = 500) -> tuple[sl.Moments, Population]:
    drawn = Population.of_text(text, groups=1, values={}, standardized=True)
    (part,) = drawn.groups
    return sl.Moments.from_matrix(part.cov, n, names=list(drawn.names), means=part.mean), drawn


@pytest.mark.parametrize("estimator", ["ML", "GLS", "ULS"])
@pytest.mark.parametrize("name", POPULATIONS)
def test_a_model_recovers_its_population(name: str, estimator: str) -> None:
    text = POPULATIONS[name]
    moments, drawn = _moments(text)
    options: dict[str, Any] = {**FREE.get(name, {}), "estimator": estimator, "fixed_x": False}
    if estimator == "ML":
        options["likelihood"] = "wishart"  # the divisor of a printed matrix
    fit = sl.fit_sem(without_values(text), moments, **options)
    assert fit.converged
    assert fit.admissible
    assert abs(fit.glance()["chisq"]) < EXACT
    std = fit.standardized("std_all")
    truth = _written(text)
    found = {(r.lhs, r.op, r.rhs): r.est for r in std.itertuples()}
    sign = _signs(found, truth)
    for (lhs, op, rhs), value in truth.items():
        if op in ("=~", "~"):
            assert found[lhs, op, rhs] * sign[lhs] * sign[rhs] == pytest.approx(value, abs=EXACT), (lhs, rhs)
    (sigma, _), *_ = fit.implied()
    names = list(drawn.names)
    np.testing.assert_allclose(sigma.loc[names, names], drawn.groups[0].cov, atol=EXACT)
    covariances = {key: v for key, v in truth.items() if key[1] == "~~" and key[0] != key[2]}
    raw = {(r.lhs, r.op, r.rhs): r.est for r in fit.tidy().itertuples()}
    for (lhs, op, rhs), value in covariances.items():
        if {lhs, rhs} <= set(fit.table.observed):  # of residuals in units of the items
            assert raw.get((lhs, op, rhs), raw.get((rhs, op, lhs))) == pytest.approx(value, abs=EXACT)
    for (lhs, op, _), value in truth.items():
        if op == "~1":
            assert raw[lhs, "~1", ""] == pytest.approx(value, abs=EXACT)


def _written(text: str) -> dict[tuple[str, str, str], float]:
    """Return the values that stand in a text."""
    table = build_table(parse(text), fixed_x=False, meanstructure=True, std_lv=True)
    return {
        (r.lhs, r.op, r.rhs): float(r.value)
        for r in table.parameters
        if r.value is not None and r.origin != "default"
    }


def _signs(found: dict[Any, float], truth: dict[Any, float]) -> dict[str, int]:
    """A factor may come out reversed where only its first loading says which way it points."""
    names = {name for lhs, _, rhs in truth for name in (lhs, rhs)}
    sign = dict.fromkeys(names, 1)
    for lhs, op, rhs in truth:
        if op == "=~" and sign[lhs] == 1 and found[lhs, op, rhs] * truth[lhs, op, rhs] < 0:
            sign[lhs] = -1
    return sign


@pytest.mark.parametrize("equal", [(), ("loadings",), ("loadings", "intercepts")])
def test_groups_recover_their_populations(equal: tuple[str, ...]) -> None:
    text = "A =~ 0.8*a1 + 0.7*a2 + 0.6*a3\nB =~ 0.75*b1 + 0.8*b2 + 0.7*b3\nB ~ c(0.2, 0.5)*A"
    drawn = Population.of_text(text, groups=2, values={}, standardized=True)
    groups = [
        GroupMoments(part.label, n, part.cov, part.mean)
        for part, n in zip(drawn.groups, (300, 400), strict=True)
    ]
    moments = sl.Moments(drawn.names, tuple(groups))
    model = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nB ~ A"
    fit = sl.fit_sem(model, moments, group_equal=equal)
    assert abs(fit.glance()["chisq"]) < EXACT
    paths = fit.tidy().query("op == '~'")["est"].to_numpy()
    np.testing.assert_allclose(paths * 0.8 / 0.75, np.array([0.2, 0.5]), atol=EXACT)


@pytest.mark.published
@pytest.mark.xdist_group("published")
@pytest.mark.parametrize("name", ["DGP_linear_2commonfactors", "DGP_linear_3commonfactors"])
def test_matrices_of_other_hands_give_back_their_parameters(name: str, reference_folder: Path) -> None:
    folder = reference_folder / "published" / "csem_dgp"
    sigma = pd.read_csv(folder / f"{name}.Sigma.csv", index_col=0)
    truth = pd.read_csv(folder / f"{name}.population.csv").set_index("name")["value"]
    moments = sl.Moments.from_matrix(sigma.to_numpy(), 500, names=list(sigma.columns))
    model = (folder / f"{name}.model.txt").read_text(encoding="utf-8")
    for estimator in ("ML", "GLS", "ULS"):
        fit = sl.fit_sem(model, moments, estimator=estimator)
        assert abs(fit.glance()["chisq"]) < EXACT
        std = fit.standardized("std_all")
        found = {r.rhs if r.op == "=~" else f"{r.lhs} ~ {r.rhs}": r.est for r in std.itertuples()}
        for key, value in truth.items():
            assert found[str(key)] == pytest.approx(value, abs=EXACT), key
