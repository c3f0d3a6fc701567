"""Intervals cover and tests reject as often as the docs say, and small studies end as often as in lavaan."""

from __future__ import annotations

import csv
from itertools import islice

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from simulation import small_samples
from simulation.departures import RULES, WHERE, described, summed
from simulation.designs import MODEL, samples, truth
from simulation.small_samples import (
    BOUNDS,
    Study,
    kinds_of,
    mislabelled,
    ours,
    outcome,
    studies,
    table,
    there,
)
from simulation.studies import FAMILY, fitted, run
from simulation.tables import HEAD, TABLES, figures, groups, read

# the same seeds give the same studies; the last bits of arithmetic decide a few of 1,000 another way
AGAIN = 0.006
# at a bound the discrepancy has several minima: lavaan finds a lower one in these, and misses it in others
LOWER_THERE = 8


def test_every_cell_stands_in_its_tables() -> None:
    for names, (kinds, _) in TABLES.items():
        stored = [tuple(row[name] for name in HEAD) for row in read(names)]
        cells = [cell for group in groups() for cell in group if cell.study in kinds]
        wanted = [c for c in cells if names not in c.without]
        missing = [cell.name for cell in wanted if tuple(cell.head.values()) not in stored]
        assert missing == [], "run `make simulation`"


def test_figures_are_nominal_or_known_not_to_be() -> None:
    found = list(described())
    unknown = [row for row, rule in found if rule is None]
    assert not unknown
    used = {rule for _, rule in found}
    assert [rule.pattern for rule in RULES if rule not in used] == []


def test_the_table_of_departures_is_up_to_date() -> None:
    with WHERE.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == summed()


def test_studies_that_were_lost_are_few() -> None:
    for _, row, _, _ in figures():
        assert int(row["not converged"]) <= 0.01 * int(row["studies"]), row


def test_the_truth_is_what_the_model_has_in_the_population() -> None:
    (frame,) = samples("normal", 100_000, 1)
    found = {(r.lhs, r.op, r.rhs): (r.est, r.se) for r in sl.fit_sem(MODEL, frame).tidy().itertuples()}
    for key, value in truth().items():
        est, se = found[key]
        assert abs(est - value) < 4 * se, key


@pytest.mark.parametrize("name", FAMILY)
def test_estimators_that_share_estimates_may_share_a_fit(name: str) -> None:
    (frame,) = samples("non-normal", 200, 1)
    base = fitted(MODEL, frame, {"estimator": "ML"}, known := {})
    assert base.estimator == "ML"
    shared, own = fitted(MODEL, frame, {"estimator": name}, known), sl.fit_sem(MODEL, frame, estimator=name)
    pd.testing.assert_frame_equal(shared.tidy(), own.tidy())
    pd.testing.assert_series_equal(shared.glance(), own.glance())


@pytest.mark.extended
@pytest.mark.parametrize("group", groups(), ids=lambda g: g[0].name)
def test_the_studies_come_out_as_the_tables_say(group: list) -> None:
    for cell, row in zip(group, run(group), strict=True):
        for names, (kinds, titles) in TABLES.items():
            if cell.study not in kinds:
                continue
            for stored in read(names):
                if tuple(stored[name] for name in HEAD) != tuple(cell.head.values()):
                    continue
                for title in titles:
                    if stored[title]:
                        assert abs(float(stored[title]) - float(row[title])) <= AGAIN, (cell.name, title)


@pytest.mark.extended
def test_the_batch_of_a_power_study_says_the_same_as_one_fit_at_a_time() -> None:
    text = MODEL.split("indirect")[0]
    population = text.replace("a*", "a*0.5*").replace("b*", "b*0.4*").replace("c*", "c*0*")
    for letter, values in (("s", (0.8, 0.8, 0.7)), ("t", (0.8, 0.7, 0.7)), ("l", (0.8, 0.7, 0.7))):
        for j, value in enumerate(values, start=1):
            population = population.replace(f"{letter}{j}", f"{value}*{letter}{j}")
    found = sl.power(population, 200, ["a", "b", "c"], replicates=4000, seed=1).table.set_index("effect")
    (row,) = (r for r in read("coverage") if (r["data"], r["n"], r["estimator"]) == ("normal", "200", "ML"))
    error = np.sqrt(0.05 * 0.95 * (1 / 1000 + 1 / 4000))
    for effect, title in (("a", "path a"), ("b", "path b"), ("c", "path c = 0")):
        assert abs(found.loc[effect, "coverage"] - float(row[title])) < 3 * error + 0.005


# -- small samples -------------------------------------------------------------------------------------------


def test_small_studies_call_themselves_what_they_are() -> None:
    stored = there().set_index(["way", "study"])
    for study in islice(studies(), 6):
        for way in BOUNDS:
            found, theirs = outcome(study, way), stored.loc[(way, study.number)]
            assert found["mislabelled"] == ""
            assert found["converged"] >= theirs["converged"]
            assert found["admissible"] >= theirs["admissible"]
            if theirs["admissible"]:
                assert found["chisq"] == pytest.approx(theirs["chisq"], abs=1e-3)


def test_what_is_mislabelled_is_noticed() -> None:
    study = Study.drawn(0)
    fit = sl.fit_sem(study.model, study.frame)
    moved = fit.theta.copy()
    moved[0] += 0.05

    class Moved:
        converged, admissible, restrictions = True, True, None

        def tidy(self) -> pd.DataFrame:
            table = fit.tidy()
            table.loc[table["free"] == 1, "est"] = moved[0]
            return table

    assert mislabelled(fit, study.frame) == ""
    assert mislabelled(Moved(), study.frame) == "a slope that is not zero"


def test_the_table_of_small_studies_adds_up() -> None:
    stored, halves = pd.read_csv(small_samples.TABLE).set_index(["fit", "studies"]), there()
    for way in BOUNDS:
        every = stored.loc[(way, "all")]
        theirs = halves[halves["way"] == way]
        assert every["how many"] == len(theirs) == small_samples.STUDIES
        assert every["converged in lavaan"] == theirs["converged"].sum()
        assert every["admissible in lavaan"] == theirs["admissible"].sum()
        assert every["converged here"] >= every["converged in lavaan"]
        assert every["admissible here"] >= every["admissible in lavaan"]
        assert (stored.loc[way]["mislabelled here"] == 0).all()


@pytest.mark.extended
def test_small_studies_end_at_least_as_well_as_in_lavaan() -> None:
    drawn = list(studies())
    found, theirs = ours(drawn), there()
    rows = table(found, theirs, kinds_of(drawn))
    stored = pd.read_csv(small_samples.TABLE)
    counts = stored.columns[3:]
    assert (np.abs(pd.DataFrame(rows)[counts] - stored[counts]) <= 2).all(axis=None)
    assert (found["mislabelled"] == "").all(), found[found["mislabelled"] != ""]
    both = found.merge(theirs, on=["study", "way"], suffixes=("", "_there"))
    worse = both[both["admissible_there"] & ~both["admissible"]]
    assert worse.empty, worse
    higher = both[both["admissible_there"] & (both["chisq"] > both["chisq_there"] + 1e-3)]
    assert set(higher["way"]) <= {"standard bounds"}
    assert len(higher) <= LOWER_THERE
