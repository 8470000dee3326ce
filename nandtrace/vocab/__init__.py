"""The words of each domain: event kinds, columns, states. Data only."""

from nandtrace.vocab.graph import GRAPH
from nandtrace.vocab.model import (
    NULL,
    RUN_BRACKETS,
    Column,
    ColumnType,
    Kind,
    ListColumn,
    SnapshotField,
    Vocabulary,
    vocabulary_from_map,
    vocabulary_to_map,
)
from nandtrace.vocab.nand import NAND

VOCABULARIES = {NAND.domain: NAND, GRAPH.domain: GRAPH}

__all__ = [
    "GRAPH",
    "NAND",
    "NULL",
    "RUN_BRACKETS",
    "VOCABULARIES",
    "Column",
    "ColumnType",
    "Kind",
    "ListColumn",
    "SnapshotField",
    "Vocabulary",
    "vocabulary_from_map",
    "vocabulary_to_map",
]
