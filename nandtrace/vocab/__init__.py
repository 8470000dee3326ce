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
from nandtrace.vocab.workorder import WORKORDER

VOCABULARIES = {vocabulary.domain: vocabulary for vocabulary in (NAND, GRAPH, WORKORDER)}

__all__ = [
    "GRAPH",
    "NAND",
    "NULL",
    "RUN_BRACKETS",
    "VOCABULARIES",
    "WORKORDER",
    "Column",
    "ColumnType",
    "Kind",
    "ListColumn",
    "SnapshotField",
    "Vocabulary",
    "vocabulary_from_map",
    "vocabulary_to_map",
]
