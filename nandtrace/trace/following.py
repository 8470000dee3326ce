"""Reading a trace while it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from nandtrace.errors import TraceError
from nandtrace.trace.chunk_file import partial_path
from nandtrace.trace.reader import TraceReader


def open_following(path: str | os.PathLike[str], sizes: Iterable[int]) -> FollowingReader:
    """Follow a trace that is written to `path`, or just was. Raises TraceError like TraceReader."""
    partial = partial_path(Path(path))
    try:
        return FollowingReader(partial, sizes)
    except TraceError:
        if partial.exists():
            raise
        # It was completed before anybody looked.
        return FollowingReader(path, sizes)


class FollowingReader(TraceReader):
    """Walks a partial file as far as it is known to be written, and waits for more in between.

    `sizes` yields how far that is, in bytes, each time a whole chunk was added; it ends when the trace is
    complete, or will not go on. Then what was added since is walked too, and the end must be there.
    """

    def __init__(self, path: str | os.PathLike[str], sizes: Iterable[int]) -> None:
        super().__init__(path)
        self._sizes = sizes

    def _spans(self) -> Iterator[tuple[int, int]]:
        start = self._body_offset
        for size in self._sizes:
            self.size_bytes = size
            yield start, size
            start = size
        self.size_bytes = os.fstat(self._file.fileno()).st_size
        yield start, self.size_bytes
