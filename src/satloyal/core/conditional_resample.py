"""Moments given covariates of many resamples of the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.conditional_moments import ConditionalMoments
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.ordinal_resample import OrdinalReplicates, OrdinalResampler
from satloyal.errors import FitError

__all__ = ["ConditionalResampler", "resampler_of"]

Array = NDArray[Any]


def resampler_of(moments: OrdinalMoments) -> OrdinalResampler | ConditionalResampler:
    """Return what estimates such moments again from resampled rows."""
    if isinstance(moments, ConditionalMoments):
        return ConditionalResampler(moments)
    return OrdinalResampler(moments)


@dataclass(frozen=True, eq=False)
class ConditionalResampler:
    """Estimate moments given covariates again from resampled rows.

    Every answer has limits of its own, so that no table stands for all rows, and resamples are worked on one
    by one, each from the solution of the full sample.

    Parameters
    ----------
    moments : ConditionalMoments
        Of the full sample.

    Examples
    --------
    >>> import pandas as pd
    >>> from satloyal.core.conditional_moments import conditional_moments
    >>> from satloyal.core.rows import CompleteRows
    >>> frame = pd.DataFrame({"SAT": [1, 1, 2, 2, 3, 3, 1, 3], "LOY": [1, 1, 1, 2, 2, 2, 2, 1]})
    >>> rows = CompleteRows.of(frame.assign(age=range(8)), ["SAT", "LOY", "age"])
    >>> (group,) = conditional_moments(rows, ["SAT", "LOY"], ["age"])
    >>> again = ConditionalResampler(group).replicates(np.ones((1, 8)))
    >>> bool(np.allclose(again.statistics[0], group.statistics))
    True
    """

    moments: ConditionalMoments

    def replicates(self, counts: Array) -> OrdinalReplicates:
        """Estimate the statistics of each resample.

        Parameters
        ----------
        counts : ndarray, shape (B, n)
            How often each row stands in each resample.

        Returns
        -------
        OrdinalReplicates
            Means, variances and correlations with what covariates explain, covariates last. A resample in
            which nobody chose some category, or covariates separate answers, has not converged.
        """
        m, B = self.moments, len(counts)
        whole, K = len(m.names) + len(m.x_scale), m.layout.size
        statistics, gamma = np.full((B, K), np.nan), np.full((B, K), np.nan)
        padded, means = np.full((B, *m.padded.shape), np.nan), np.full((B, whole), np.nan)
        variances, correlation = np.full((B, whole), np.nan), np.full((B, whole, whole), np.nan)
        converged, at_bound = np.zeros(B, dtype=bool), np.zeros(B, dtype=int)
        for b, count in enumerate(counts):
            try:
                found = m.drawn(np.repeat(np.arange(m.n), count.astype(int)))
            except FitError:  # told by `converged`
                continue
            at_bound[b] = int(np.triu(found.at_bound, 1).sum())
            converged[b] = bool(found.converged.all())
            cov, means[b] = found.total
            variances[b] = np.diagonal(cov)
            correlation[b] = cov / np.sqrt(np.outer(variances[b], variances[b]))
            statistics[b], padded[b] = found.statistics, found.padded
            gamma[b] = (found.influence**2).sum(axis=0) / found.n
        clipped = np.zeros(B, dtype=int)
        return OrdinalReplicates(
            statistics, padded, means, variances, correlation, gamma, converged, at_bound, clipped
        )
