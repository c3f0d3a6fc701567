"""Theories: who depends on whom in the named models of satisfaction and loyalty, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["THEORIES", "Theory"]

Arrow = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Theory:
    """A named structure over roles, which a survey's constructs fill.

    Parameters
    ----------
    title : str
        What it is.
    source : str
        Where it is from.
    outcomes : mapping of str to tuple of str
        For each explained role what explains it, in the order of the model text.
    optional : tuple of str
        Roles that are left out where a survey has no such construct.
    covary : tuple of pairs
        Roles whose residuals covary.
    effects : mapping of str to tuple of chains
        Defined effects, each a sum of products along chains of roles.
    """

    title: str
    source: str
    outcomes: Mapping[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()
    covary: tuple[Arrow, ...] = ()
    effects: Mapping[str, tuple[tuple[str, ...], ...]] | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role, causes first."""
        causes = [c for causes in self.outcomes.values() for c in causes if c not in self.outcomes]
        return tuple(dict.fromkeys((*causes, *self.outcomes)))


_INDEX = {
    "Quality": ("Expectations",),
    "Value": ("Expectations", "Quality"),
    "Satisfaction": ("Expectations", "Quality", "Value"),
    "Complaints": ("Satisfaction",),
    "Loyalty": ("Satisfaction", "Complaints"),
}
_DIMENSIONS = ("Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness")

THEORIES: Mapping[str, Theory] = {
    "acsi": Theory(
        "American Customer Satisfaction Index",
        "Fornell, Johnson, Anderson, Cha & Bryant 1996, Journal of Marketing 60(4):7-18",
        _INDEX,
    ),
    "ecsi": Theory(
        "European Customer Satisfaction Index",
        "ECSI Technical Committee 1998; Tenenhaus, Esposito Vinzi, Chatelin & Lauro 2005, "
        "Computational Statistics & Data Analysis 48:159-205",
        {
            "Expectations": ("Image",),
            "Quality": ("Expectations",),
            "Value": ("Expectations", "Quality"),
            "Satisfaction": ("Image", "Expectations", "Quality", "Value"),
            "Complaints": ("Satisfaction",),
            "Loyalty": ("Image", "Satisfaction", "Complaints"),
        },
    ),
    "trust": Theory(
        "from satisfaction through trust (and belonging) to loyalty",
        "Morgan & Hunt 1994, Journal of Marketing 58(3):20-38; Garbarino & Johnson 1999, "
        "Journal of Marketing 63(2):70-87",
        {
            "Trust": ("Satisfaction",),
            "Belonging": ("Satisfaction",),
            "Loyalty": ("Satisfaction", "Trust", "Belonging"),
        },
        optional=("Belonging",),
        covary=(("Trust", "Belonging"),),
        effects={
            "via_trust": (("Satisfaction", "Trust", "Loyalty"),),
            "via_belonging": (("Satisfaction", "Belonging", "Loyalty"),),
            "total": (
                ("Satisfaction", "Loyalty"),
                ("Satisfaction", "Trust", "Loyalty"),
                ("Satisfaction", "Belonging", "Loyalty"),
            ),
        },
    ),
    "conversion": Theory(
        "from satisfaction through cognition and emotion to loyalty",
        "after the phases of loyalty of Oliver 1999, Journal of Marketing 63(Special Issue):33-44",
        {
            "Cognition": ("Satisfaction",),
            "Emotion": ("Satisfaction", "Cognition"),
            "Loyalty": ("Satisfaction", "Cognition", "Emotion"),
        },
        effects={
            "via_cognition": (("Satisfaction", "Cognition", "Loyalty"),),
            "via_emotion": (("Satisfaction", "Emotion", "Loyalty"),),
            "conversion": (("Satisfaction", "Cognition", "Emotion", "Loyalty"),),
            "total": (
                ("Satisfaction", "Loyalty"),
                ("Satisfaction", "Cognition", "Loyalty"),
                ("Satisfaction", "Emotion", "Loyalty"),
                ("Satisfaction", "Cognition", "Emotion", "Loyalty"),
            ),
        },
    ),
    "loop": Theory(
        "satisfaction and loyalty feed each other; quality moves only the first, barriers only the other",
        "barriers: Fornell 1992, Journal of Marketing 56(1):6-21; loops and their instruments: Bollen 1989, "
        "Structural Equations with Latent Variables, ch. 4",
        {"Satisfaction": ("Quality", "Loyalty"), "Loyalty": ("Barriers", "Satisfaction")},
        covary=(("Satisfaction", "Loyalty"),),
        effects={"loop_gain": (("Satisfaction", "Loyalty", "Satisfaction"),)},
    ),
    "rater": Theory(
        "five dimensions of service quality (RATER) drive satisfaction",
        "Parasuraman, Zeithaml & Berry 1988, Journal of Retailing 64(1):12-40",
        {"Satisfaction": _DIMENSIONS, "Loyalty": ("Satisfaction",)},
        optional=("Loyalty",),
    ),
}
"""The theories by the name under which :func:`satloyal.template` writes them out."""
