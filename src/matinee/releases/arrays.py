"""Arrays in safetensors files: written without a copy, read by mapping.

The file is an 8-byte length, a JSON header and the raw arrays. The header is padded so that the first array starts at a
multiple of 64 bytes, and arrays follow by falling item size, so that each is aligned to its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines import Arrays
from matinee.errors import ReleaseError
from matinee.releases.disk import HashingFile

_DTYPES: dict[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "F16": np.float16,
    "U32": np.uint32,
    "I32": np.int32,
    "F32": np.float32,
    "U64": np.uint64,
    "I64": np.int64,
    "F64": np.float64,
}
_NAMES = {np.dtype(kind): name for name, kind in _DTYPES.items()}
_ALIGNMENT = 64


def write_arrays(arrays: Arrays, file: HashingFile) -> None:
    """Write named arrays; one of 4 GB costs no further memory.

    Raises:
        ReleaseError: naming an array of a type the format has no word for.
    """
    header: dict[str, dict[str, Any]] = {}
    place = 0
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    for name in order:
        array = arrays[name]
        if array.dtype not in _NAMES:
            raise ReleaseError(f"The array {name!r} holds {array.dtype}, which a release cannot.")
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + array.nbytes],
        }
        place += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for name in order:
        if arrays[name].size:
            file.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8))


def map_arrays(path: Path) -> Arrays:
    """Open a safetensors file as read-only arrays that the operating system pages in when touched.

    Raises:
        ReleaseError: if the header is not one.
    """
    try:
        with path.open("rb") as file:
            length = min(int.from_bytes(file.read(8), "little"), path.stat().st_size)
            header: dict[str, Any] = json.loads(file.read(length))
        whole = np.memmap(path, dtype=np.uint8, mode="r")
        return {name: _view(whole, 8 + length, entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path.name} is not a safetensors file ({error}).") from error


def _view(whole: NDArray[np.uint8], start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    first, last = entry["data_offsets"]
    plain = whole[start + first : start + last].view(np.ndarray)
    return plain.view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
