"""The two samples most tests look at."""

import pytest

from .simulated import simulate


@pytest.fixture
def line():
    return simulate("linear")


@pytest.fixture
def bend():
    return simulate("saturating", n=600, noise=0.7, skewed=False)
