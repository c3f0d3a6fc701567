"""Fits that lavaan judged too, and what it said (reference/judgement*.json, made by make_judgement*.R)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import satloyal as sl

HERE = Path(__file__).parent
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
STRUCTURAL = CFA + "\nspeed ~ visual + textual\ntextual ~ ageyr"
LABELLED = "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + x6\nspeed =~ x7 + x8 + d*x9"
SHARED = "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + a*x5 + x6"
TWO_GROUPS = {"group": "school", "group_equal": ["loadings", "intercepts"]}

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "cfa": (CFA, {}),
    "structural": (STRUCTURAL, {}),
    "two_groups": (CFA, TWO_GROUPS),
    "gls": (CFA, {"estimator": "GLS"}),
    "constrained": (LABELLED + "\na == b\nc == d", {}),
    "labelled": (LABELLED, {}),
    "equal": (LABELLED.replace("b*", "a*"), {}),
    "mlr_labelled": (LABELLED, {"estimator": "MLR"}),
    "mlr_equal": (LABELLED.replace("b*", "a*"), {"estimator": "MLR"}),
    "shared": (SHARED, {}),
    "mlm": (CFA, {"estimator": "MLM"}),
    "uls": (CFA, {"estimator": "ULS"}),
    "dwls": (CFA, {"estimator": "DWLS"}),
    "wlsmv": (CFA, {"estimator": "WLSMV", "ordered": [f"x{i}" for i in range(1, 10)]}),
    "path": ("x9 ~ x1 + x2\nx8 ~ x9 + x1", {}),
}


@cache
def pupils(kind: str = "1939") -> pd.DataFrame:
    folder = HERE.parents[1] / "reference" / "data"
    return pd.read_csv(folder / f"holzinger_swineford_{kind}.csv")


@cache
def fit(name: str) -> Any:
    text, options = MODELS[name]
    return sl.fit_sem(text, pupils("ordinal" if "ordered" in options else "1939"), **options)


@cache
def lavaan() -> dict[str, Any]:
    return json.loads((HERE / "reference" / "judgement.json").read_text(encoding="utf-8"))


# --- adjusted tests, ordinal items and incomplete rows: judgement_adjusted.json ---

NINE = [f"x{i}" for i in range(1, 10)]
EQUAL = "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + b*x5 + b*x6\nspeed =~ x7 + x8 + x9"
TWO_FACTORS = "visual =~ x1 + x2 + x3 + x7 + x8 + x9\ntextual =~ x4 + x5 + x6"


@cache
def judged(kind: str, estimator: str, text: str = CFA, equal: tuple[str, ...] | None = None) -> Any:
    """Fit as make_judgement_adjusted.R does; ``equal`` in groups, none of one group."""
    options: dict[str, Any] = {"estimator": estimator}
    if kind == "ordinal":
        options["ordered"] = NINE
    if kind == "incomplete":
        options["missing"] = "fiml"
    if equal is not None:
        options |= {"group": "school", "group_equal": list(equal)}
    data = pupils({"ordinal": "ordinal", "incomplete": "missing"}.get(kind, "1939"))
    return sl.fit_sem(text, data, **options)


@cache
def lavaan_adjusted() -> dict[str, Any]:
    return json.loads((HERE / "reference" / "judgement_adjusted.json").read_text(encoding="utf-8"))
