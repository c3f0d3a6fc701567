"""The seam between models and reporting: who draws a fit.

Models never import reporting; the package's ``__init__`` registers the reporting layer here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Presented", "Presenter", "present", "set_presenter"]


class Presenter(Protocol):
    """What the reporting layer can do with a result."""

    def html(self, fit: Any) -> str:
        """Return a self-contained HTML fragment."""
        ...

    def figure(self, fit: Any, name: str, **options: Any) -> Figure:
        """Return one named figure."""
        ...

    def figures(self, fit: Any) -> tuple[str, ...]:
        """Return the names of the figures this fit can draw."""
        ...


_loader: Callable[[], Presenter] | None = None


def set_presenter(loader: Callable[[], Presenter]) -> None:
    """Register how to get the presenter."""
    global _loader  # noqa: PLW0603 - the one seam, set once at import
    _loader = loader


def present() -> Presenter:
    """Return the presenter."""
    if _loader is None:
        msg = "import satloyal before asking a fit for pictures"
        raise RuntimeError(msg)
    return _loader()


class Presented:
    """Base of results that the reporting layer draws: in notebooks, and as figures by name."""

    def figure(self, name: str, **options: Any) -> Figure:
        """Return one figure of this result as a matplotlib figure.

        Parameters
        ----------
        name : str
            One of :meth:`figures`.
        **options
            Passed to the figure.
        """
        return present().figure(self, name, **options)

    def figures(self) -> tuple[str, ...]:
        """Return the names that :meth:`figure` knows for this result."""
        return present().figures(self)

    def _repr_html_(self) -> str:
        return present().html(self)
