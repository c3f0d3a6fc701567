"""Reading a latent interaction: its standardised effect, simple slopes, and where they are significant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.johnson_neyman import boundaries
from satloyal.errors import FitError
from satloyal.models.presenter import Presented
from satloyal.models.sem.inference import complex_step, delta_method
from satloyal.models.sem.standardize import total_variance
from satloyal.models.sem.tidy import with_tests
from satloyal.spec.source import nearest

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["LatentInteraction", "probe_interaction"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LatentInteraction(Presented):
    """A latent interaction (or quadratic) in a fitted model; made by :func:`satloyal.probe_interaction`.

    Parameters
    ----------
    fit : SemFit
    outcome, focal, moderator, product : str
        The variables; in a quadratic the moderator is the focal variable itself.
    group : int
        Position of the group.
    """

    fit: SemFit
    outcome: str
    focal: str
    moderator: str
    product: str
    group: int

    @property
    def quadratic(self) -> bool:
        """Whether the product is the square of the focal variable."""
        return self.focal == self.moderator

    def _path(self, theta: Array, cause: str) -> Array:
        A, _ = self._matrices(theta)
        at = self.fit.rams[self.group].variables.index
        found: Array = A[:, at(self.outcome), at(cause)]
        return found

    def _sd(self, theta: Array, name: str) -> Array:
        A, S = self._matrices(theta)
        ram = self.fit.rams[self.group]
        variance = total_variance(ram, A, S)[:, ram.variables.index(name)]
        return np.asarray(np.sqrt(np.where(np.real(variance) > 0, variance, np.nan)))

    def _matrices(self, theta: Array) -> tuple[Array, Array]:
        sample = self.fit.sample.groups[self.group]
        return self.fit.rams[self.group].matrices(theta, sample.cov, sample.mean)

    def effect(self, *, level: float = 0.95) -> pd.DataFrame:
        r"""Return the effects of focal variable, moderator and product, standardised as they must be.

        The product's standardised effect is :math:`\gamma_3 \phi_x \phi_z / \phi_y` with standard deviations
        of the two constructs and not of the product (Wen, Marsh & Hau 2010, *Struct. Equ. Modeling* 17:1-22).

        Returns
        -------
        DataFrame
            ``term, est, se, z, pvalue, ci_lower, ci_upper, std, std_se``.
        """
        terms = list(dict.fromkeys((self.focal, self.moderator, self.product)))

        def values(theta: Array) -> Array:
            paths = [self._path(theta, t) for t in terms]
            x, z, y = (self._sd(theta, n) for n in (self.focal, self.moderator, self.outcome))
            scale = {self.focal: x, self.moderator: z, self.product: x * z}
            return np.stack([*paths, *(p * scale[t] / y for p, t in zip(paths, terms, strict=True))], axis=1)

        est, se = delta_method(values, self.fit.theta, self.fit.vcov)
        k = len(terms)
        out = with_tests(pd.DataFrame({"term": terms}), est[:k], se[:k], level, usable=self.fit.converged)
        out["std"], out["std_se"] = (v if self.fit.converged else np.nan * v for v in (est[k:], se[k:]))
        return out

    def slopes(self, at: Sequence[float] = (-1.0, 0.0, 1.0), *, level: float = 0.95) -> pd.DataFrame:
        """Return the effect of the focal variable at values of the moderator.

        Parameters
        ----------
        at : sequence of float
            In standard deviations of the moderator about its mean.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            ``at, moderator, est, se, z, pvalue, ci_lower, ci_upper``: b₁ + b₃z, or b₁ + 2b₂x of a quadratic.
            ``moderator`` is the value in the units of the latent variable. The standard deviation is
            estimated too, which the standard errors take in.
        """
        points = np.asarray(at, dtype=float)
        twice = 2.0 if self.quadratic else 1.0

        def values(theta: Array) -> Array:
            z = self._sd(theta, self.moderator)[:, None] * points
            b1, b3 = self._path(theta, self.focal)[:, None], self._path(theta, self.product)[:, None]
            return np.concatenate([b1 + twice * b3 * z, z], axis=1)

        est, se = delta_method(values, self.fit.theta, self.fit.vcov)
        k = len(points)
        frame = pd.DataFrame({"at": points, "moderator": est[k:]})
        return with_tests(frame, est[:k], se[:k], level, usable=self.fit.converged)

    def johnson_neyman(self, *, level: float = 0.95, reach: float = 3.0) -> pd.DataFrame:
        """Return the stretches of the moderator on which the focal variable has a significant effect or not.

        Parameters
        ----------
        level : float
            Of the test.
        reach : float
            How many standard deviations of the moderator to look at on either side.

        Returns
        -------
        DataFrame
            ``lower, upper`` (units of the latent moderator), ``lower_sd, upper_sd`` (its standard
            deviations), ``significant``, ``sign``. Empty when the fit did not converge or has no standard
            errors.
        """
        columns = ["lower", "upper", "lower_sd", "upper_sd", "significant", "sign"]
        twice = 2.0 if self.quadratic else 1.0

        def both(theta: Array) -> Array:
            return np.stack([self._path(theta, self.focal), twice * self._path(theta, self.product)], axis=1)

        b, V = self._with_covariance(both)
        sd = float(np.real(self._sd(self.fit.theta[None], self.moderator)[0]))
        if not (self.fit.converged and np.isfinite(V).all() and np.isfinite(sd)):
            return pd.DataFrame(columns=columns)
        c = float(special.ndtri((1 + level) / 2))
        inside = [z for z in boundaries(b[0], b[1], V[0, 0], V[0, 1], V[1, 1], c) if abs(z) < reach * sd]
        edges = [-reach * sd, *inside, reach * sd]
        rows = []
        for low, high in pairwise(edges):
            z = (low + high) / 2
            slope = b[0] + b[1] * z
            error = np.sqrt(V[0, 0] + 2 * z * V[0, 1] + z * z * V[1, 1])
            rows.append((low, high, low / sd, high / sd, bool(abs(slope) > c * error), float(np.sign(slope))))
        return pd.DataFrame(rows, columns=columns)

    def _with_covariance(self, function: Callable[[Array], Array]) -> tuple[Array, Array]:
        J = complex_step(function, self.fit.theta)
        return np.asarray(function(self.fit.theta[None])[0]), J @ self.fit.vcov @ J.T


def probe_interaction(
    fit: SemFit, outcome: str, focal: str, moderator: str, product: str, *, group: int = 0
) -> LatentInteraction:
    """Read a latent interaction or quadratic of a fitted model.

    Parameters
    ----------
    fit : SemFit
        With the regression ``outcome ~ focal + moderator + product``.
    outcome, focal, moderator, product : str
        Variables of that regression; give the focal variable as moderator for a quadratic.
    group : int
        Position of the group.

    Returns
    -------
    LatentInteraction
        With ``effect()``, ``slopes()`` and ``johnson_neyman()``.

    Raises
    ------
    FitError
        When the model has no such path, or the moderator does not have a mean of zero.

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(6); F = rng.normal(size=(800, 2))
    >>> items = np.repeat(F, 2, axis=1) + 0.5 * rng.normal(size=(800, 4))
    >>> data = pd.DataFrame(items, columns=["s1", "s2", "v1", "v2"])
    >>> data["loyalty"] = F @ [0.4, -0.2] + 0.3 * F[:, 0] * F[:, 1] + 0.5 * rng.normal(size=800)
    >>> made = sl.products(data, ["s1", "s2"], ["v1", "v2"])
    >>> model = "S =~ s1 + s2" + chr(10) + "V =~ v1 + v2" + chr(10) + "loyalty ~ S + V + XZ"
    >>> fit = sl.fit_sem(model + chr(10) + made.text, made.frame)
    >>> found = sl.probe_interaction(fit, "loyalty", "S", "V", "XZ")
    >>> found.slopes()["est"].round(1).tolist()
    [0.1, 0.4, 0.7]
    """
    paths = {(r.lhs, r.rhs) for r in fit.table.rows if r.op == "~" and r.group == group + 1}
    for cause in dict.fromkeys((focal, moderator, product)):
        if (outcome, cause) not in paths:
            near = nearest(cause, [b for a, b in paths if a == outcome])
            fix = f"did you mean '{near}'?" if near else "name variables of the regression of the outcome"
            raise FitError(f"the model has no path {outcome} ~ {cause}", where="probe_interaction", fix=fix)
    found = LatentInteraction(fit, outcome, focal, moderator, product, group)
    ram, sample = fit.rams[group], fit.sample.groups[group]
    if ram.manifest > ram.observed and fit.converged:
        A, _ = ram.matrices(fit.theta[None], sample.cov, sample.mean)
        E = np.linalg.inv(np.eye(A.shape[-1]) - A[0])
        means = E[[ram.variables.index(v) for v in (focal, moderator)], ram.manifest - 1]
        if np.abs(means).max() > 1e-6:
            raise FitError(
                f"{focal} and {moderator} do not both have a mean of zero in this group, and the slopes are "
                "those at the mean", where="probe_interaction", fix="fix latent means to zero",
            )  # fmt: skip
    return found
