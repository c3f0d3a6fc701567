"""Labels: what people said in words, as numbers; decided by block, never by column or part of a cell."""

from satloyal.survey.labels.block import BlockMatch, match
from satloyal.survey.labels.cell import Cell, split_cell
from satloyal.survey.labels.declared import Declared, label_sets
from satloyal.survey.labels.direction import direction
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.labels.normal import normalise
from satloyal.survey.labels.reasons import is_contested, known_reasons, reason_of
from satloyal.survey.labels.table import known_labels, known_sets

__all__ = [
    "BlockMatch",
    "Cell",
    "Declared",
    "LabelSet",
    "direction",
    "is_contested",
    "known_labels",
    "known_reasons",
    "known_sets",
    "label_sets",
    "match",
    "normalise",
    "reason_of",
    "split_cell",
]
