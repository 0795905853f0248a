"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path

# A leftover of a killed process is swept away once nobody can still be writing to it.
_LEFTOVER_AGE_S = 3600.0


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that at every moment it is there whole, or not there.

    The content goes to a temporary file beside it, which then takes its name. Several
    processes may do so at once: the last one wins.

    Args:
        file: Where to write; its folder is made where it is missing.
        content: What to write.

    Raises:
        OSError: If it cannot be written. The temporary file is then gone.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _sweep_leftovers(file)
    # The process number would not be unique: containers can share a folder.
    part = file.with_name(f".{file.name}-{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # or a power cut can leave the name without the content
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sweep_leftovers(file: Path) -> None:
    for part in file.parent.glob(f".{file.name}-*.part"):
        with contextlib.suppress(OSError):  # another process may sweep too
            if time.time() - part.stat().st_mtime > _LEFTOVER_AGE_S:
                part.unlink()
