"""Drivers: which of many attributes carry how much of the explained variance of an outcome."""

from __future__ import annotations

from satloyal.models.drivers.fit import fit_drivers
from satloyal.models.drivers.result import DriversFit

__all__ = ["DriversFit", "fit_drivers"]
