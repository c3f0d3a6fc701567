"""Remarks: what a user should know about how the model text was understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satloyal.notes import Note
from satloyal.spec.drafts import Draft
from satloyal.spec.options import Options
from satloyal.spec.roles import Roles

__all__ = ["remarks"]


def remarks(
    drafts: list[Draft], roles: Roles, exogenous: tuple[str, ...], options: Options
) -> tuple[Note, ...]:
    """Collect the notes on a model text.

    Parameters
    ----------
    drafts : list of Draft
        What the user wrote.
    roles : Roles
        Roles of the variables.
    exogenous : tuple of str
        Covariates of which the text mentions no moment.
    options : Options
        How the model was completed.

    Returns
    -------
    tuple of Note
    """
    return (
        *_random_covariates(roles, exogenous, options),
        *_labels(drafts, options),
        *_markers(drafts, roles, options),
    )


def _random_covariates(roles: Roles, exogenous: tuple[str, ...], options: Options) -> Iterator[Note]:
    random = tuple(name for name in roles.covariates if name not in exogenous)
    if options.fixed_x and random:
        message = (
            f"the model text mentions a variance, covariance or intercept of {', '.join(random)}: treated as "
            "random, with free parameters; covariances with other covariates are only those that are written"
        )
        yield Note("fixed x", message, len(random))


def _labels(drafts: list[Draft], options: Options) -> Iterator[Note]:
    single = [
        m.atoms[0]
        for d in drafts
        for m in d.modifiers
        if m.kind == "value" and len(m.atoms) == 1 and isinstance(m.atoms[0], str) and m.atoms[0]
    ]
    if options.groups > 1 and single:
        names = ", ".join(dict.fromkeys(str(label) for label in single))
        message = (
            f"one label for all groups ({names}) holds the parameter equal across groups; "
            "write c(...) with a label a group to let it differ"
        )
        yield Note("labels", message, len(set(single)))
    lone = [label for d in drafts for m in d.modifiers if m.kind == "value" for label in _lone(m.atoms)]
    if lone:
        names = ", ".join(dict.fromkeys(lone))
        message = (
            f"the label of one group ({names}) beside NA or a number is that group's alone; "
            "lavaan gives it to every group"
        )
        yield Note("labels", message, len(set(lone)))


def _lone(atoms: Sequence[object]) -> list[str]:
    """Return the label of a list such as ``c(a, NA)`` or ``c(a, 1)``, which lavaan reads otherwise."""
    labels = [atom for atom in atoms if isinstance(atom, str)]
    return labels if len(labels) == 1 < len(atoms) and labels[0] else []


def _markers(drafts: list[Draft], roles: Roles, options: Options) -> Iterator[Note]:
    """Tell that a start value on a loading that gives the scale fixes the loading there, as in lavaan."""
    if options.std_lv or not options.automatic or "loadings" in options.effect_coding:
        return
    scaling = {(f, "=~", items[0]) for f, items in roles.indicators.items()}
    for draft in drafts:
        kinds = {m.kind for m in draft.modifiers}
        values = [a for m in draft.modifiers if m.kind == "value" for a in m.atoms]
        if draft.triple in scaling and "start" in kinds and all(isinstance(a, str) for a in values):
            message = (
                f"'{draft.rhs}' gives '{draft.lhs}' its scale: its loading is fixed at the starting value; "
                f"write NA*{draft.rhs} to estimate it"
            )
            yield Note("scale", message, 1)
