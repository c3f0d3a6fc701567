"""Loyalty metrics: shares, net scores, means and indices with intervals, differences and control charts."""

from __future__ import annotations

from satloyal.models.metrics.bands import ExpectedValue, Repurchase, repurchase
from satloyal.models.metrics.loyalty import loyalty_index, loyalty_segments, rater_profile
from satloyal.models.metrics.questions import ces, csat, nps, retention, share_of_wallet
from satloyal.models.metrics.result import GroupDifferences, Metric
from satloyal.models.metrics.tracking import ControlChart

__all__ = [
    "ControlChart",
    "ExpectedValue",
    "GroupDifferences",
    "Metric",
    "Repurchase",
    "ces",
    "csat",
    "loyalty_index",
    "loyalty_segments",
    "nps",
    "rater_profile",
    "repurchase",
    "retention",
    "share_of_wallet",
]
