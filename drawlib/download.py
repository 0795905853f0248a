"""Fetching a small file from the network."""

from __future__ import annotations

import queue
import threading
import time
import urllib.error
import urllib.request

from drawlib.checks import argument_error

# A server has to send this many bytes (or all there is) in every such stretch of seconds.
# One that hangs or dribbles is given up after the first stretch; a slow line is not.
PATIENCE_S = 8.0
BYTES_PER_STRETCH = 1_000_000


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
