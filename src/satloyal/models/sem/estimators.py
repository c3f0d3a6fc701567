"""Estimators: what is minimised, how errors are judged, and which test is reported, under the usual names."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from satloyal.errors import FitError
from satloyal.models.sem.robust import TestKind

__all__ = ["ESTIMATORS", "DiscrepancyKind", "Estimator", "estimator_named"]

DiscrepancyKind = Literal["ML", "GLS", "ULS", "WLS", "DWLS"]
VcovKind = Literal["expected", "observed", "robust", "robust.sem", "first.order"]


@dataclass(frozen=True, slots=True)
class Estimator:
    """A discrepancy with its standard errors and its test.

    Parameters
    ----------
    name : str
    discrepancy : {"ML", "GLS", "ULS", "WLS", "DWLS"}
    vcov : {"expected", "observed", "robust", "robust.sem", "first.order"}
        Default standard errors: inverse information, the sandwich of casewise scores (Huber 1967), the
        sandwich with the asymptotic covariance matrix of the moments (Browne 1984), or first-order.
    test : TestKind, optional
        Scaled test reported beside the plain one.
    structured : bool
        Whether a Yuan-Bentler test takes the information of the saturated moments along the model's Jacobian,
        without the model's own curvature.
    """

    name: str
    discrepancy: DiscrepancyKind
    vcov: VcovKind = "expected"
    test: TestKind | None = None
    structured: bool = False

    @property
    def least_squares(self) -> bool:
        """Whether weighted squares of moment residuals are minimised."""
        return self.discrepancy != "ML"


ESTIMATORS: dict[str, Estimator] = {
    e.name: e
    for e in (
        Estimator("ML", "ML"),
        Estimator("MLM", "ML", "robust.sem", "satorra.bentler"),
        Estimator("MLMV", "ML", "robust.sem", "scaled.shifted"),
        Estimator("MLMVS", "ML", "robust.sem", "mean.var.adjusted"),
        Estimator("MLR", "ML", "robust", "yuan.bentler.mplus"),
        Estimator("MLF", "ML", "first.order"),
        Estimator("GLS", "GLS"),
        Estimator("ULS", "ULS"),
        Estimator("ULSM", "ULS", "robust.sem", "satorra.bentler"),
        Estimator("ULSMV", "ULS", "robust.sem", "scaled.shifted"),
        Estimator("ULSMVS", "ULS", "robust.sem", "mean.var.adjusted"),
        Estimator("WLS", "WLS"),
        Estimator("DWLS", "DWLS"),
        Estimator("WLSM", "DWLS", "robust.sem", "satorra.bentler"),
        Estimator("WLSMV", "DWLS", "robust.sem", "scaled.shifted"),
        Estimator("WLSMVS", "DWLS", "robust.sem", "mean.var.adjusted"),
    )
}


def estimator_named(name: str) -> Estimator:
    """Return the estimator of a name, in any case.

    Raises
    ------
    FitError
        When there is none; suggests the nearest.

    Examples
    --------
    >>> estimator_named("mlr").test
    'yuan.bentler.mplus'
    """
    found = ESTIMATORS.get(str(name).upper())
    if found is None:
        near = get_close_matches(str(name).upper(), ESTIMATORS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise FitError(
            f"there is no estimator {name!r}", where="fit_sem",
            fix=f"{hint}there are {', '.join(ESTIMATORS)}",
        )  # fmt: skip
    return found
