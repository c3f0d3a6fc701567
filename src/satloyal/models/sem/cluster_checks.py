"""Checks of clusters that have rows in several groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.fit import Check

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["crossing_clusters"]

_SUMMED = ("robust", "first.order")  # errors from scores that are summed within clusters, whatever the group


def crossing_clusters(fit: SemFit) -> Check | None:
    """Say what becomes of clusters that several groups have rows of.

    Scores are summed within clusters over all groups, so that estimates of two groups covary by the clusters
    they share; where identifiers only repeat, the products of unrelated rows cancel on average. Moments that
    have an asymptotic covariance matrix of their own in each group (ordinal items, least squares, MLM) leave
    no room for that: there a cluster is another one in each group, as it always is in lavaan.
    """
    rows, clusters = fit.input.rows, fit.input.clusters
    if rows is None or clusters is None or fit.ngroups == 1:
        return None
    pairs = np.unique(np.column_stack([clusters, rows.codes]), axis=0)
    counts = np.bincount(pairs[:, 0])
    several, total = int((counts > 1).sum()), int((counts > 0).sum())
    if not several:
        return Check("clusters across groups", "pass", "every cluster has its rows in one group", value=0.0)
    said = f"{several} of {total} clusters have rows in several groups"
    summed = fit.vcov_kind in _SUMMED
    if summed:
        text = f"{said}, and are taken as one and the same in all of them"
        advice = (
            "if their names only repeat from group to group, make them unique: group and cluster together"
        )
    else:
        text = f"{said}: errors and tests of {fit.estimator} take them as different ones"
        advice = "what such clusters add to differences between groups is left out; estimator='MLR' has it"
    return Check(
        "clusters across groups", "pass" if summed else "warn", text, value=float(several), threshold=0.0,
        advice=advice, source="Cameron & Miller 2015, J. Hum. Resour. 50:317-372",
    )  # fmt: skip
