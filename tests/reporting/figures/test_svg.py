"""SVG: the same bytes every time, nothing from outside, nothing that reaches beyond the figure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from satloyal.reporting.figures import style
from satloyal.reporting.figures.curves import draw_curve
from satloyal.reporting.figures.forest import ForestRow, draw_forest
from satloyal.reporting.figures.groups import draw_groups
from satloyal.reporting.figures.heatmap import draw_residuals
from satloyal.reporting.figures.svg import to_svg

NASTY = '<a href="x">&"$x_2$</a> 满意'


def forest() -> Figure:
    rows = [
        ForestRow(NASTY, 0.5, (0.1, 0.9), NASTY),
        ForestRow("none", None, None),
        ForestRow("sum", 1.0, None, "", True),
    ]
    return draw_forest(rows)


def curve() -> Figure:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "fit": [1.0, 2.0, 2.5]})
    for name in ("ci_lower", "marginal_lower", "marginal"):
        frame[name] = frame["fit"] - 0.2
    for name in ("ci_upper", "marginal_upper"):
        frame[name] = frame["fit"] + 0.2
    points = pd.DataFrame({"x": [1.0, 3.0], "y": [1.0, 2.0], "weight": [0.5, 0.5]})
    return draw_curve(frame, x=NASTY, y=NASTY, points=points, other=frame[["x", "fit"]], label=NASTY)


def residuals(p: int = 4) -> Figure:
    names = [f"{NASTY}{i}" for i in range(p)]
    return draw_residuals(pd.DataFrame([[0.15] * p] * p, index=names, columns=names))


def groups() -> Figure:
    row = {"construct": NASTY, "mean": 5.0, "ci_lower": 4.5, "ci_upper": 5.5}
    return draw_groups(
        pd.DataFrame([{**row, "group": NASTY}, {**row, "group": "b", "ci_lower": float("nan")}])
    )


DRAWN = {"forest": forest, "curve": curve, "residuals": residuals, "groups": groups}


@pytest.fixture(params=DRAWN, name="name")
def _name(request):
    return request.param


def test_the_same_figure_gives_the_same_bytes(name):
    assert to_svg(DRAWN[name](), name=name) == to_svg(DRAWN[name](), name=name)


def test_it_is_well_formed_and_names_itself(name):
    root = ET.fromstring(to_svg(DRAWN[name](), name=name, title="A <title>", description="What & why"))  # noqa: S314
    assert root.get("role") == "img"
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert set(root.get("aria-labelledby").split()) <= set(ids)
    assert len(ids) == len(set(ids))
    assert all(i.startswith(f"{name}-") for i in ids)


def test_text_is_text_and_escaped(name):
    svg = to_svg(DRAWN[name](), name=name)
    assert "<a href" not in svg
    assert "满意" in svg
    assert "DejaVu" not in svg


def test_nothing_comes_from_outside(name):
    svg = to_svg(DRAWN[name](), name=name)
    assert set(re.findall(r"https?://[^\s\"']+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    links = [v for e in ET.fromstring(svg).iter() for k, v in e.items() if k.endswith(("href", "src"))]  # noqa: S314
    assert all(link.startswith("#") for link in links)
    assert "<style" not in svg
    assert "<metadata" not in svg


def test_drawing_leaves_the_users_settings_alone(name):
    before = dict(mpl.rcParams)
    DRAWN[name]()
    assert dict(mpl.rcParams) == before


def test_many_items_still_fit():
    figure = residuals(40)
    assert figure.get_figwidth() < 14


def test_long_names_are_cut_in_the_middle():
    assert style.shorten("a" * 10 + "b" * 10, 9) == "aaaa…bbbb"
    assert len(style.shorten("x" * 50, 12)) == 12
