"""The bootstrap in batches is the bootstrap in a loop."""

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import FitError
from satloyal.models.curves import bootstrap, fit_curve


def test_batched_replicates_are_refits_of_the_resampled_rows(bend):
    fit = fit_curve(bend, "SAT", "LOY", low=1, shapes=("linear", "quadratic", "saturating"))
    draws = fit.bootstrap(5, seed=2).draws
    counts = np.random.default_rng(2).multinomial(len(bend), np.full(len(bend), 1 / len(bend)), size=5)
    for b, count in enumerate(counts):
        again = fit_curve(bend.loc[bend.index.repeat(count)], "SAT", "LOY", low=1, shapes=fit.options.shapes)
        for draw in draws:
            name = draw.fit.shape.name
            theta, _ = draw.fit.shape.raw(draw.beta[[b]], draw.psi[[b]], fit.data.axis)
            np.testing.assert_allclose(theta[0], again.params[name], rtol=1e-6)
            assert draw.aicc[b] == pytest.approx(
                again.comparison().set_index("shape").loc[name, "aicc"], rel=1e-9
            )


def test_chunks_do_not_change_the_numbers(bend, monkeypatch):
    fit = fit_curve(bend, "SAT", "LOY", low=1)
    whole = fit.bootstrap(40, seed=5).tidy()
    monkeypatch.setattr(bootstrap, "_CHUNK", 7 * len(bend))
    seen = []
    parts = fit.bootstrap(40, seed=5, progress=lambda done, total: seen.append((done, total)))
    pd.testing.assert_frame_equal(parts.tidy(), whole, rtol=1e-7)
    assert seen[-1] == (40, 40)
    assert len(seen) == 6


def test_bootstrap_errors_are_near_the_sandwich(bend):
    fit = fit_curve(bend, "SAT", "LOY", low=1, shapes=("linear", "saturating"))
    boot = fit.bootstrap(2000, seed=1)
    np.testing.assert_allclose(boot.bse, fit.bse, rtol=0.12)
    band, delta = boot.curve("saturating"), fit.curve("saturating")
    np.testing.assert_allclose(
        band["ci_upper"] - band["ci_lower"], delta["ci_upper"] - delta["ci_lower"], rtol=0.2
    )
    assert (band["fit"] == delta["fit"]).all()


def test_lost_replicates_are_counted_and_warned_about(line):
    fit = fit_curve(line, "SAT", "LOY", low=1)
    boot = fit.bootstrap(200, seed=1)
    for draw in boot.draws:
        rows = boot.tidy().query("shape == @draw.fit.shape.name")
        assert (rows["usable"] == draw.usable.sum()).all()
        check = next(c for c in boot.checks if c.name == f"replicates: {draw.fit.shape.name}")
        assert (check.status == "warn") == ((~draw.usable).mean() > 0.05)
    assert boot.selected()["share"].sum() == pytest.approx(1)
    assert boot.summary().startswith(boot.headline())


def test_clusters_are_resampled_whole(line):
    cluster = np.arange(len(line)) // 10
    fit = fit_curve(line, "SAT", "LOY", cluster=cluster, shapes=("linear",))
    boot = fit.bootstrap(1000, seed=1)
    np.testing.assert_allclose(boot.bse, fit.bse, rtol=0.3)
    assert "resamples of clusters" in boot.notes[-1].message


def test_no_replicates_is_an_error(line):
    with pytest.raises(FitError, match="replicates is 0"):
        fit_curve(line, "SAT", "LOY").bootstrap(0)
