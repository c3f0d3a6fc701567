"""One BLAS thread a worker: replicates keep the processors busy, and pools inside pools stall each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["single_threaded_blas"]


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Let linear algebra use one thread for a while.

    Examples
    --------
    >>> with single_threaded_blas():
    ...     pass
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield
