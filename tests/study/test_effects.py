"""An effect is found by label, path or chain, or refused with the nearest name."""

import pytest

from satloyal.errors import StudyError
from satloyal.spec.syntax import parse
from satloyal.spec.table import build_table
from satloyal.study.effects import find_effect, read_effect

TABLE = build_table(
    parse("""
    Trust ~ a*Sat
    Belonging ~ b*Trust
    Loyalty ~ c*Sat + d*Belonging
    Trust ~~ Loyalty
    through := a*b*d
""")
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("through", None),
        ("a", None),
        ("Loyalty ~ Sat", None),
        ("Loyalty~Sat", None),
        ("Loyalty ~~ Trust", None),
        ("Sat -> Loyalty", None),
        ("Sat → Trust → Belonging → Loyalty", None),
        ("Sat -> Trust -> Belonging", "indirect"),
        ("Sat -> Loyalty", "indirect"),
        ("Sat -> Belonging", "total"),
    ],
)
def test_what_the_model_has_is_found(text, kind):
    find_effect(read_effect(text, kind), TABLE)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("thruogh", None, "'through'"),
        ("Loyalty ~ Trust", None, "no parameter Loyalty ~ Trust"),
        ("Sat -> Belonging", None, "no path Sat → Belonging"),
        ("Sat -> Trust -> Loyalty", None, "no path Trust → Loyalty"),
        ("Satt -> Loyalty", None, "use 'Sat', the nearest variable"),
        ("Sat -> Trust", "indirect", "no indirect route leads from Sat to Trust"),
        ("Loyalty -> Sat", "total", "no route leads from Loyalty to Sat"),
    ],
)
def test_what_the_model_lacks_is_refused_with_a_hint(text, kind, words):
    with pytest.raises(StudyError) as caught:
        find_effect(read_effect(text, kind), TABLE)
    assert words in str(caught.value)


@pytest.mark.parametrize(("text", "kind"), [("through", "total"), ("Sat ->", None), ("a -> b -> c", "total")])
def test_what_names_no_effect_is_refused(text, kind):
    with pytest.raises(StudyError, match="names no effect"):
        read_effect(text, kind)


def test_effects_are_shown_as_people_write_them():
    assert str(read_effect("Loyalty~Sat")) == "Loyalty ~ Sat"
    assert str(read_effect("a->b->c")) == "a → b → c"
    assert str(read_effect("a -> b", "indirect")) == "a → b (indirect)"
