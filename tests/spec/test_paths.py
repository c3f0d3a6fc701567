"""A chain written from Python is the model text that one would have written."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.errors import SpecError
from satloyal.spec.paths import chain
from satloyal.spec.table import build_table


def test_serial_mediation_defines_every_indirect_effect():
    table = build_table(chain("x", "m1", "m2", "y"))
    assert table.regressions == {"m1": ("x",), "m2": ("x", "m1"), "y": ("x", "m1", "m2")}
    env = table.label_values(np.r_[2.0, 3.0, 5.0, 7.0, 11.0, 13.0, np.ones(table.q - 6)])
    assert [d.lhs for d in table.definitions] == ["via_m1", "via_m2", "via_m1_m2", "indirect_total", "total"]
    assert float(env["via_m1"]) == 2 * 11
    assert float(env["via_m2"]) == 3 * 13
    assert float(env["via_m1_m2"]) == 2 * 5 * 13
    assert float(env["total"]) == 7 + 22 + 39 + 130


def test_without_direct_paths_only_the_chain_remains():
    table = build_table(chain("x", "m1", "m2", "y", direct=False))
    assert table.regressions == {"m1": ("x",), "m2": ("m1",), "y": ("m2",)}
    assert [d.lhs for d in table.definitions] == ["via_m1_m2"]


def test_two_variables_have_no_indirect_effect():
    assert str(chain("x", "y")) == "y ~ x_to_y*x"


def test_latent_variables_by_their_items():
    table = build_table(chain("S", "T", "L", items={"S": ("s1", "s2"), "L": ["l1", "l 2"]}))
    assert table.latent == ("S", "L")
    assert table.indicators["L"] == ("l1", "l 2")
    assert table.covariates == ()
    assert "T" in table.observed


def test_names_of_any_kind_get_labels_of_their_own():
    table = build_table(chain("Q1. Zufrieden?", "满意 度", "Q1, Zufrieden", "NA"))
    labels = [r.label for r in table.rows if r.op == "~"]
    assert len(set(labels)) == 6
    assert table.observed[-1] == "Q1. Zufrieden?"


def test_names_that_look_like_effects_do_not_collide():
    table = build_table(chain("x", "a", "b", "a_b", "y"))
    assert len({d.lhs for d in table.definitions}) == 9
    assert len({r.label for r in build_table(chain("a", "b", "a_to_b", "b_to_b")).rows if r.op == "~"}) == 6


@pytest.mark.parametrize(
    ("variables", "items", "message"),
    [
        (("x",), None, "two to 8 variables, not 1"),
        (tuple("abcdefghi"), None, "not 9"),
        (("x", "x"), None, "comes twice"),
        (("x", "a`b"), None, "cannot name a variable"),
        (("x", ""), None, "cannot name a variable"),
        (("x", "y"), {"z": ("a", "b")}, "which is not in the chain"),
        (("x", "y"), {"x": "ab"}, "not a list of names"),
        (("x", "y"), {"x": ()}, "not a list of names"),
    ],
)
def test_what_is_no_chain_is_refused(variables, items, message):
    with pytest.raises(SpecError, match=message):
        chain(*variables, items=items)
