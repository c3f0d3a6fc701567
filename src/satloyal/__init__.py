"""satloyal: defensible statements about satisfaction, trust and loyalty from customer surveys.

Names are loaded on first use, so that ``import satloyal`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from satloyal.errors import SatloyalError, SatloyalWarning

if TYPE_CHECKING:
    from satloyal.core.moments import Moments
    from satloyal.models.curves import fit_curve
    from satloyal.models.drivers import fit_drivers
    from satloyal.models.metrics import (
        ces,
        csat,
        loyalty_index,
        loyalty_segments,
        nps,
        rater_profile,
        repurchase,
        retention,
        share_of_wallet,
    )
    from satloyal.models.necessity import fit_necessity
    from satloyal.models.sem.compare import compare
    from satloyal.models.sem.fit import fit_sem
    from satloyal.models.sem.interaction import probe_interaction
    from satloyal.models.sem.invariance import fit_invariance
    from satloyal.models.sem.method_variance import method_variance
    from satloyal.models.sem.power import power
    from satloyal.models.sem.products import products
    from satloyal.models.sem.sam import fit_sam
    from satloyal.models.sem.simulate import simulate
    from satloyal.reporting.document import report
    from satloyal.spec.panel import clpm
    from satloyal.spec.templates import template
    from satloyal.survey.codebook import Codebook
    from satloyal.survey.described import describe_file
    from satloyal.survey.readers import read_survey
    from satloyal.survey.samples import load_sample
    from satloyal.survey.several import read_surveys
    from satloyal.survey.survey import Survey

__version__ = "0.1.0"

_HOME = {
    "Codebook": "satloyal.survey.codebook",
    "Moments": "satloyal.core.moments",
    "Survey": "satloyal.survey.survey",
    "ces": "satloyal.models.metrics",
    "clpm": "satloyal.spec.panel",
    "compare": "satloyal.models.sem.compare",
    "csat": "satloyal.models.metrics",
    "describe_file": "satloyal.survey.described",
    "fit_curve": "satloyal.models.curves",
    "fit_drivers": "satloyal.models.drivers",
    "fit_invariance": "satloyal.models.sem.invariance",
    "fit_necessity": "satloyal.models.necessity",
    "fit_sam": "satloyal.models.sem.sam",
    "fit_sem": "satloyal.models.sem.fit",
    "load_sample": "satloyal.survey.samples",
    "loyalty_index": "satloyal.models.metrics",
    "loyalty_segments": "satloyal.models.metrics",
    "method_variance": "satloyal.models.sem.method_variance",
    "nps": "satloyal.models.metrics",
    "probe_interaction": "satloyal.models.sem.interaction",
    "products": "satloyal.models.sem.products",
    "power": "satloyal.models.sem.power",
    "rater_profile": "satloyal.models.metrics",
    "read_survey": "satloyal.survey.readers",
    "read_surveys": "satloyal.survey.several",
    "report": "satloyal.reporting.document",
    "repurchase": "satloyal.models.metrics",
    "retention": "satloyal.models.metrics",
    "share_of_wallet": "satloyal.models.metrics",
    "simulate": "satloyal.models.sem.simulate",
    "template": "satloyal.spec.templates",
}

__all__ = [
    "Codebook",
    "Moments",
    "SatloyalError",
    "SatloyalWarning",
    "Survey",
    "__version__",
    "ces",
    "clpm",
    "compare",
    "csat",
    "describe_file",
    "fit_curve",
    "fit_drivers",
    "fit_invariance",
    "fit_necessity",
    "fit_sam",
    "fit_sem",
    "load_sample",
    "loyalty_index",
    "loyalty_segments",
    "method_variance",
    "nps",
    "power",
    "probe_interaction",
    "products",
    "rater_profile",
    "read_survey",
    "read_surveys",
    "report",
    "repurchase",
    "retention",
    "share_of_wallet",
    "simulate",
    "template",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module 'satloyal' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _wire() -> None:
    """Tell the models who draws their pictures, without importing it now."""
    from satloyal.models import presenter

    presenter.set_presenter(lambda: import_module("satloyal.reporting.present"))


_wire()
