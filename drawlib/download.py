"""Fetching a small file from the network, and writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from drawlib.checks import argument_error

# A server has to send this many bytes (or all there is) in every such stretch of seconds.
# One that hangs or dribbles is given up after the first stretch; a slow line is not.
PATIENCE_S = 8.0
BYTES_PER_STRETCH = 1_000_000

# A leftover of a killed process is swept away once nobody can still be writing to it.
_LEFTOVER_AGE_S = 3600.0


class DownloadError(OSError):
    """A download that failed; its text says why in a few words."""


def fetch(url: str, *, size_limit: int) -> bytes:
    """Return what a URL holds, in memory: a download that fails leaves nothing behind.

    The bytes are received in a thread of their own, because no time limit of the standard
    library covers all that can hang: looking up the name, headers that dribble, a body that
    dribbles.

    Args:
        url: What to fetch, over HTTP or HTTPS.
        size_limit: The most that is accepted, in bytes.

    Returns:
        The whole content.

    Raises:
        ValueError: If the URL is of another kind, such as ``file:``.
        DownloadError: If it does not come, comes too slowly, is cut off or is too long.
    """
    if not url.startswith(("https://", "http://")):
        raise argument_error("url", "an address that begins with https:// or http://", url)
    pieces: queue.SimpleQueue[bytes | DownloadError] = queue.SimpleQueue()
    given_up = threading.Event()
    threading.Thread(target=_receive, args=(url, pieces, given_up), daemon=True).start()
    content = bytearray()
    due, goal = time.monotonic() + PATIENCE_S, BYTES_PER_STRETCH
    try:
        while True:
            left = due - time.monotonic()
            try:
                piece = pieces.get(timeout=max(left, 0.0))
            except queue.Empty:
                left = 0.0
            if left <= 0.0:
                raise DownloadError(f"the server is too slow ({len(content):,} bytes came)")
            if isinstance(piece, DownloadError):
                raise piece
            if not piece:
                return bytes(content)
            content += piece
            if len(content) > size_limit:
                raise DownloadError(f"the server sends more than {size_limit:,} bytes")
            if len(content) >= goal:
                due, goal = time.monotonic() + PATIENCE_S, len(content) + BYTES_PER_STRETCH
    finally:
        given_up.set()


def _receive(
    url: str, pieces: queue.SimpleQueue[bytes | DownloadError], given_up: threading.Event
) -> None:
    """Put what a URL sends into `pieces`, piece by piece; last an empty piece, or the error."""
    try:
        # `fetch` has seen that the URL is of HTTP.
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:  # noqa: S310
            received, promised = 0, response.headers.get("Content-Length")
            while (piece := response.read1(1 << 16)) and not given_up.is_set():
                received += len(piece)
                pieces.put(piece)
        if promised is not None and received < int(promised):
            raise DownloadError(f"cut off after {received:,} of {int(promised):,} bytes")
        pieces.put(b"")
    except urllib.error.HTTPError as error:
        error.close()
        pieces.put(DownloadError(str(error)))
    except Exception as error:  # whatever it is belongs to the thread that waits
        reason = getattr(error, "reason", error)
        pieces.put(DownloadError(str(reason) or type(reason).__name__))


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
