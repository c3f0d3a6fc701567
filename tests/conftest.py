"""What all tests share: where the published data lie, how hypothesis searches, no windows."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import matplotlib as mpl
import pytest

mpl.use("Agg")

# deadline: two busy cores make single examples slow; derandomised in CI: a red run can be repeated
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

REFERENCE = "SATLOYAL_REFERENCE"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests on published data where these are not to be had."""
    if os.environ.get(REFERENCE):
        return
    reason = f"needs the reference folder: set {REFERENCE}"
    for item in items:
        if item.get_closest_marker("published"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    """Return the folder of published data; only for tests marked ``published``."""
    return Path(os.environ[REFERENCE])


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return Path(__file__).parents[1]
