"""``results.json``: every number of a study as plain values.

The file has no clock in it: the same study, data, seed and versions give the same bytes. Undefined numbers
are ``null``. Schema ``satloyal-results/1``:

``schema``
    ``"satloyal-results/1"``.
``title``, ``question``, ``simulated``
    As in the study; whether the data are simulated.
``versions``
    Of satloyal, Python, NumPy, SciPy and pandas.
``study``
    ``file`` and ``sha256`` of the study file.
``data``
    ``name``, ``sha256``, ``reader``, ``rows``, ``columns`` and ``notes`` of the survey.
``items``
    One object an item: the rows of ``Survey.describe()``.
``models``
    By name: ``title``, ``text``, ``options``, ``fit`` (:meth:`satloyal.models.fit.Fit.to_dict`:
    ``headline``, ``converged``, ``admissible``, ``glance``, ``estimates``, ``checks``, ``notes``),
    ``effects``, ``r2``, ``measurement``; ``invariance``: ``null``, or as ``fit``, then ``latent_means``,
    ``path_differences`` and ``proposals``; and ``bootstrap``: ``null``, or ``replicates`` (counts), ``kind``,
    ``seed``, ``level``, then as ``fit``, then ``effects``.
``comparison``
    ``null``, or ``table`` and ``notes`` of the models compared.
``curves``
    One object a curve: ``x``, ``y``, then as ``fit``, then ``comparison``, the ``best`` shape, and the
    points of its ``curve``.
``propositions``
    One object a proposition (and group): claim, effect, outcome, numbers, sentence.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

from satloyal.models.curves import CurveFit
from satloyal.models.fit import plain
from satloyal.models.sem.result import SemFit
from satloyal.study.result import StudyResult, measured

__all__ = ["SCHEMA", "results", "results_text"]

SCHEMA = "satloyal-results/1"


def results(result: StudyResult) -> dict[str, Any]:
    """Return all numbers of a study as JSON values.

    Parameters
    ----------
    result : StudyResult
        A finished study.

    Returns
    -------
    dict
        As described in :mod:`satloyal.study.results_file`.
    """
    plan, source = result.plan, result.survey.source
    return {
        "schema": SCHEMA,
        "title": plan.config.title,
        "question": plan.config.question,
        "simulated": plan.simulated,
        "versions": versions(),
        "study": {"file": plan.study.path.name, "sha256": plan.study.sha256},
        "data": {
            "name": source.name,
            "sha256": source.sha256,
            "reader": source.reader,
            "rows": source.rows,
            "columns": source.columns,
            "notes": [str(note) for note in result.survey.notes],
        },
        "items": plain(result.survey.describe().rename_axis("item").reset_index()),
        "models": {name: _model(result, name, fit) for name, fit in result.fits.items()},
        "comparison": None if result.comparison is None else result.comparison.to_dict(),
        "curves": [_curve(curve) for curve in result.curves],
        "propositions": [plain(judged.to_dict()) for judged in result.propositions],
    }


def results_text(result: StudyResult) -> str:
    """Return :func:`results` as JSON text, ending in a newline."""
    return json.dumps(results(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def versions() -> dict[str, str]:
    """Return the versions that numbers may depend on.

    Examples
    --------
    >>> sorted(versions())
    ['numpy', 'pandas', 'python', 'satloyal', 'scipy']
    """
    named = {name: version(name) for name in ("satloyal", "numpy", "scipy", "pandas")}
    return {"python": platform.python_version(), **named}


def _model(result: StudyResult, name: str, fit: SemFit) -> dict[str, Any]:
    planned = result.plan.models[name]
    boot = result.bootstraps.get(name)
    said = {
        "title": planned.title,
        "text": planned.text,
        "options": plain(planned.config.model_dump(exclude={"text", "file", "title", "bootstrap"})),
        "fit": fit.to_dict(),
        "effects": plain(fit.effects()),
        "r2": plain(fit.r2()),
        "measurement": measured(result, name).to_dict(),
        "invariance": None,
        "bootstrap": None,
    }
    tested = result.invariances.get(name)
    if tested is not None:
        said["invariance"] = {
            **tested.to_dict(),
            "latent_means": plain(tested.latent_means()),
            "path_differences": plain(tested.path_differences()),
            "proposals": plain(tested.proposals),
        }
    if boot is not None:
        said["bootstrap"] = {
            "replicates": dict(boot.counts),
            "kind": boot.kind,
            "seed": boot.seed,
            "level": boot.level,
            **boot.to_dict(),
            "effects": plain(boot.effects()),
        }
    return said


def _curve(curve: CurveFit) -> dict[str, Any]:
    return {
        "x": curve.x_name,
        "y": curve.y_name,
        **curve.to_dict(),
        "comparison": plain(curve.comparison()),
        "best": curve.best,
        "curve": plain(curve.curve()) if curve.best is not None else [],
    }
