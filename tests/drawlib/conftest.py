"""Keep every unit test off the network, the user's cache and the environment's settings."""

import contextlib
import hashlib
import http.server
import io
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from drawlib import data

_REAL_FOLDER = os.environ.get("DRAWLIB_DATA")
_LOCAL = {"127.0.0.1", "localhost"}


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """Start with none of our variables set and an empty cache, and find no host but this one."""
    for name in list(os.environ):
        if name.startswith("DRAWLIB_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(data, "MNIST_URL", "http://127.0.0.1:9/mnist.npz")  # nobody listens
    look_up = socket.getaddrinfo

    def look_up_local(host, *args, **kwargs):
        if host not in _LOCAL:
            raise AssertionError(f"a unit test wants to reach {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_local)


@pytest.fixture
def cached(tmp_path):
    """Where the cached file lies, or would."""
    return tmp_path / "keras" / "datasets" / "mnist.npz"


@pytest.fixture
def real_mnist():
    """MNIST itself, where whoever runs the tests has it."""
    file = Path(_REAL_FOLDER or "", "mnist.npz")
    if not _REAL_FOLDER or not file.is_file():
        pytest.skip("MNIST is not here: name its folder in DRAWLIB_DATA to run this test")
    return file


class Small:
    """A file in MNIST's layout with few images, which the loader takes for MNIST."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.arrays = {
            "x_train": rng.integers(256, size=(6, 28, 28), dtype=np.uint8),
            "y_train": np.arange(6, dtype=np.uint8),
            "x_test": rng.integers(256, size=(4, 28, 28), dtype=np.uint8),
            "y_test": np.arange(6, 10, dtype=np.uint8),
        }
        self.shapes = {name: array.shape for name, array in self.arrays.items()}
        self.sha256 = hashlib.sha256(
            b"".join(array.tobytes() for array in self.arrays.values())
        ).hexdigest()
        self.content = self.packed()

    def packed(self, **changed):
        """Return the file's bytes, with some arrays changed."""
        file = io.BytesIO()
        np.savez_compressed(file, **{**self.arrays, **changed})
        return file.getvalue()


@pytest.fixture
def small(monkeypatch):
    """Make the loader take a small file for MNIST."""
    small = Small()
    monkeypatch.setattr(data, "_MNIST_SHAPES", small.shapes)
    monkeypatch.setattr(data, "MNIST_SHA256", small.sha256)
    return small


@pytest.fixture
def serve():
    """Start servers: `serve(answer)` gives the URL where `answer(handler)` answers each GET.

    `handler.closing` is set when the test is over, for answers that never end.
    """
    servers = []
    closing = threading.Event()

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.closing = closing
                # The client gives up where a test wants it to.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    answer(self)

            def send(self, content, *, promise=None):
                """Send `content` under a length header, which may promise more."""
                self.send_response(200)
                length = len(content) if promise is None else promise
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    closing.set()
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
