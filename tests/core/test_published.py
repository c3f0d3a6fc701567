"""A printed table is taken as data only when it can be one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.moments import Moments
from satloyal.errors import FitError

NAMES = ["SAT", "TRU", "LOY"]
FULL = [[1.0, 0.66, 0.57], [0.66, 1.0, 0.53], [0.57, 0.53, 1.0]]


def taken(matrix, n=476, names=NAMES, kind="cor", **options):
    return Moments.from_matrix(matrix, n, names=names, kind=kind, **options)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1], [0.66, 1], [0.57, 0.53, 1]],
        [[], [0.66], [0.57, 0.53]],
        [[1, None, None], [0.66, 1, None], [0.57, 0.53, 1]],
        [[1, 0, 0], [0.66, 1, 0], [0.57, 0.53, 1]],
        [[None, None, None], [0.66, None, None], [0.57, 0.53, None]],
        pd.DataFrame(FULL, index=NAMES, columns=NAMES),
    ],
)
def test_triangles_and_tables_are_the_full_matrix(matrix):
    found = taken(matrix)
    np.testing.assert_allclose(found.groups[0].cov, np.array(FULL) * 475 / 476)
    assert bool(found.notes) == (not isinstance(matrix, pd.DataFrame))


def test_names_come_from_the_table():
    assert taken(pd.DataFrame(FULL, index=NAMES, columns=NAMES), names=None).names == tuple(NAMES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": None}, "came without n"),
        ({"n": 1}, "n is 1"),
        ({"n": 100.5}, "n is 100.5"),
        ({"n": float("nan")}, "n is nan"),
        ({"n": 3}, "n is 3, with 3 variables"),
        ({"n": True}, "n is True"),
        ({"names": None}, "no names"),
        ({"names": ["SAT", "TRU"]}, "2 names for 3 rows"),
        ({"names": ["SAT", "TRU", "SAT"]}, "'SAT' is given twice"),
        ({"kind": "corr"}, "kind is 'corr'"),
        ({"sd": [1.0, 2.0]}, "sd has 2 usable values for 3 variables"),
        ({"sd": [1.0, 2.0, -1.0]}, "not positive"),
        ({"means": [1.0, np.nan, 1.0]}, "means has 3 usable values"),
        ({"kind": "cov", "sd": [1.0, 1.0, 1.0]}, "say kind='cor'"),
        ({"matrix": [[1, 0.5]]}, "shape"),
        ({"matrix": [[1], [0.5, 1], [0.2]]}, "the rows have [1, 2, 1] entries"),
        ({"matrix": [["1", "x", "1"]] * 3}, "not a number"),
        ({"matrix": [[0.9, 0.66, 0.57], [0.66, 1, 0.53], [0.57, 0.53, 1]]}, "diagonal entry of SAT is 0.9"),
        ({"matrix": [[1, 1.66, 0.57], [1.66, 1, 0.53], [0.57, 0.53, 1]]}, "SAT and TRU is 1.66"),
        ({"matrix": [[1, np.nan, 0.57], [0.66, 1, 0.53], [0.57, 0.53, 1]]}, "SAT and TRU is nan"),
        ({"matrix": [[1, 0.66, 0.57], [0.6, 1, 0.53], [0.57, 0.53, 1]]}, "not symmetric"),
        ({"matrix": [[-1, 0, 0], [0, 1, 0], [0, 0, 1]], "kind": "cov"}, "the variance of SAT is -1"),
        ({"matrix": [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]}, "not positive definite"),
        ({"matrix": [[1, 1, 0], [1, 1, 0], [0, 0, 1]]}, "through SAT, TRU"),
    ],
)
def test_what_cannot_be_is_refused_and_told(change, words):
    call = {"matrix": FULL, "n": 476, "names": NAMES, "kind": "cor", **change}
    with pytest.raises(FitError) as caught:
        Moments.from_matrix(call.pop("matrix"), call.pop("n"), **call)
    assert words in str(caught.value)
    assert caught.value.fix


def test_a_table_whose_rows_and_columns_differ_is_refused():
    with pytest.raises(FitError, match="rows and columns of the matrix have different names"):
        taken(pd.DataFrame(FULL, index=NAMES, columns=NAMES[::-1]), names=None)


def test_rounding_of_a_printed_table_is_no_asymmetry():
    matrix = np.array(FULL)
    matrix[0, 1] += 1e-9
    cov = taken(matrix).groups[0].cov
    np.testing.assert_array_equal(cov, cov.T)


def test_scale_does_not_decide_about_definiteness():
    sd = np.array([1e-6, 1.0, 1e6])
    found = taken(np.array(FULL) * np.outer(sd, sd), kind="cov")
    np.testing.assert_allclose(np.sqrt(np.diagonal(found.covariance(unbiased=True))), sd)


def test_groups_of_published_moments_fit_as_their_rows_do():
    rng = np.random.default_rng(8)
    tables = {}
    for label, n, shift in (("north", 180, 0.0), ("south", 140, 0.6)):
        rows = rng.standard_normal((n, 1)) + rng.standard_normal((n, 4)) + shift
        tables[label] = pd.DataFrame(rows, columns=list("abcd"))
    printed = Moments.of_groups(
        {
            label: Moments.from_matrix(t.cov(), len(t), means=t.mean()) if label == "north"
            else Moments.from_matrix(t[list("dcba")].cov(), len(t), means=t[list("dcba")].mean())
            for label, t in tables.items()
        }
    )  # fmt: skip
    rows = pd.concat([t.assign(region=label) for label, t in tables.items()], ignore_index=True)
    options: dict = {"group_equal": ["loadings", "intercepts"], "meanstructure": True}
    a = sl.fit_sem("f =~ a + b + c + d", printed, **options)
    b = sl.fit_sem("f =~ a + b + c + d", rows, group="region", **options)
    np.testing.assert_allclose(a.tidy()["est"], b.tidy()["est"], atol=1e-9)
    np.testing.assert_allclose(a.tidy()["se"], b.tidy()["se"], atol=1e-9)
    assert a.glance()["chisq"] == pytest.approx(b.glance()["chisq"], abs=1e-8)
    assert a.group_labels == ("north", "south")


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (lambda m: {"a": m}, "no comparison"),
        (lambda m: {"a": m, "b": m.select(["x"])}, "not all groups have the variable 'y'"),
        (lambda m: {"a": m, "b": Moments.from_matrix(m.groups[0].cov, 50, names=["x", "y"])}, "only some"),
        (lambda m: {"a": m, "b": Moments.of_groups({"c": m, "d": m})}, "groups of their own"),
    ],
)
def test_groups_that_do_not_go_together_are_refused(groups, words):
    one = Moments.from_matrix([[1, 0.3], [0.3, 1]], 50, names=["x", "y"], means=[0, 1])
    with pytest.raises(FitError, match=words):
        Moments.of_groups(groups(one))
