"""The peers' logs: mcap messages, and msgpack array rows one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgpack
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from benchmarks.rows import Row
from nandtrace import NAND

BUFFER_BYTES = 2**20


def write_mcap(path: Path, rows: Sequence[Row], compress: bool) -> None:
    """Each event a message on its kind's channel, its values packed with msgpack."""
    pack = msgpack.Packer().pack
    kind_codes = [kind.code for kind in NAND.kinds]
    with path.open("wb") as file:
        compression = CompressionType.ZSTD if compress else CompressionType.NONE
        writer = Writer(file, compression=compression)
        writer.start()
        channels = {
            code: writer.register_channel(str(code), "msgpack", schema_id=0) for code in kind_codes
        }
        for row in rows:
            time_ns = row.time_ns
            data = pack((row.run, row.values, row.items))
            writer.add_message(channels[row.kind], time_ns, data, time_ns)
        writer.finish()  # type: ignore[no-untyped-call]


def read_mcap(path: Path) -> int:
    """Every message with its values unpacked; returns how many."""
    count = 0
    with path.open("rb") as file:
        for _, _, message in make_reader(file).iter_messages(log_time_order=False):
            msgpack.unpackb(message.data)
            count += 1
    return count


def write_msgpack(path: Path, rows: Sequence[Row]) -> None:
    """Each event an array, packed and written on its own."""
    pack = msgpack.Packer().pack
    with path.open("wb", buffering=BUFFER_BYTES) as file:
        for row in rows:
            file.write(pack(row))


def read_msgpack(path: Path) -> int:
    """A bare loop over the rows; returns how many."""
    count = 0
    with path.open("rb") as file:
        for _ in msgpack.Unpacker(file, use_list=False, read_size=BUFFER_BYTES):
            count += 1
    return count
