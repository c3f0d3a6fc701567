"""PathGraph: what a path diagram shows, as plain values. Made from a fit elsewhere, drawn in ``paths``."""

from __future__ import annotations

from dataclasses import dataclass, field

from satloyal.reporting import numbers

__all__ = ["Arc", "Arrow", "Node", "PathGraph"]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One directed path or one covariance with what was estimated; ``None`` where nothing was."""

    source: str
    target: str
    est: float | None = None
    std: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Source and target."""
        return self.source, self.target

    @property
    def settled(self) -> bool | None:
        """Whether the interval excludes zero; ``None`` without an interval."""
        if self.interval is None or not all(map(numbers.defined, self.interval)):
            return None
        return self.interval[0] > 0 or self.interval[1] < 0

    @property
    def label(self) -> str:
        """Estimate, standardised estimate in parentheses, a star when the interval excludes zero.

        Examples
        --------
        >>> Arrow("a", "b", 0.624, 0.71, (0.5, 0.75)).label
        '0.62 (.71)*'
        """
        if not numbers.defined(self.est):
            return ""
        text = numbers.number(self.est)
        if numbers.defined(self.std):
            text += f" ({numbers.number(self.std, bounded=True)})"
        return text + ("*" if self.settled else "")


Arc = Arrow


@dataclass(frozen=True, slots=True)
class Node:
    """One variable: an ellipse if latent, a box if observed; its items with standardised loadings."""

    name: str
    latent: bool = True
    r2: float | None = None
    items: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class PathGraph:
    """Nodes, directed paths and covariances.

    Parameters
    ----------
    nodes : tuple of Node
        The variables of the structural model, in the model's order.
    arrows : tuple of Arrow
        Directed paths.
    arcs : tuple of Arrow
        Covariances between nodes.
    warning : str
        Shown above the drawing when the numbers must not be used.
    """

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    arcs: tuple[Arrow, ...] = field(default=())
    warning: str = ""

    def describe(self) -> str:
        """Return the graph in words, for people who do not see it."""
        said = [f"{a.source} to {a.target}" + (f": {a.label}" if a.label else "") for a in self.arrows]
        both = [f"{a.source} with {a.target}" + (f": {a.label}" if a.label else "") for a in self.arcs]
        text = (
            "Directed paths, estimate (standardised), star when the interval excludes zero. "
            + "; ".join(said)
            + "."
        )
        if both:
            text += " Covariances. " + "; ".join(both) + "."
        return f"{self.warning} {text}".strip()
