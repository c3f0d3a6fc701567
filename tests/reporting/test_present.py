"""Notebook rendering and figures by name."""

from __future__ import annotations

import re

import pytest
from matplotlib.figure import Figure
from tests.reporting.test_report import outline

from satloyal.errors import ReportError


@pytest.mark.parametrize("name", ["fit", "boot", "curve", "observed", "unsolved", "heywood"])
def test_a_fit_renders_as_one_scoped_fragment(name, request):
    fit = request.getfixturevalue(name)
    text = fit._repr_html_()
    tags = outline(text)
    assert tags[0][0] == "div"
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert all(rule.strip().startswith(".satloyal-fit") for rule in style.strip().split("\n"))
    assert not re.findall(r"https?://(?!www\.w3\.org)", text)
    assert text == fit._repr_html_()


def test_the_verdict_line_comes_first(unsolved, fit):
    assert 'class="headline bad"' in unsolved._repr_html_()
    assert unsolved._repr_html_().index("DID NOT CONVERGE") < unsolved._repr_html_().index("<table")
    assert 'class="headline good"' in fit._repr_html_()


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("fit", ("paths", "effects", "residuals")),
        ("boot", ("paths", "effects", "residuals")),
        ("curve", ("curve",)),
        ("unsolved", ("paths",)),
    ],
)
def test_every_figure_that_is_offered_can_be_drawn(name, figures, request):
    fit = request.getfixturevalue(name)
    assert fit.figures() == figures
    assert all(isinstance(fit.figure(figure), Figure) for figure in figures)


def test_an_unknown_figure_is_answered_with_the_known_ones(fit):
    with pytest.raises(ReportError, match=r"no figure 'path'.*paths, effects, residuals"):
        fit.figure("path")


def test_no_numbers_are_drawn_without_convergence(unsolved):
    with pytest.raises(ReportError, match="did not converge"):
        unsolved.figure("effects")


def test_items_can_be_shown(fit):
    assert fit.figure("paths", items=True).get_figheight() > fit.figure("paths").get_figheight()


def test_group_means_need_the_survey(fit, hostile):
    with pytest.raises(ReportError, match="need the survey"):
        fit.figure("groups")
    assert isinstance(fit.figure("groups", survey=hostile), Figure)


def test_the_straight_line_stands_beside_a_curve(curve):
    labels = [t.get_text() for t in curve.figure("curve", shape="quadratic").axes[0].get_legend().get_texts()]
    assert "straight line" in labels
