import threading
import time

import pytest

from drawlib import download
from drawlib.download import DownloadError, fetch

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(download, "PATIENCE_S", 0.6)


def test_fetch_returns_the_whole_content(serve):
    url = serve(lambda handler: handler.send(CONTENT))
    assert fetch(url, size_limit=len(CONTENT)) == CONTENT


def test_fetch_accepts_an_answer_without_a_length(serve):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(CONTENT)

    assert fetch(serve(answer), size_limit=10**6) == CONTENT


def test_fetch_follows_a_redirect(serve):
    there = serve(lambda handler: handler.send(CONTENT))

    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", there)
        handler.end_headers()

    assert fetch(serve(answer), size_limit=10**6) == CONTENT


def test_fetch_says_what_the_server_says(serve):
    url = serve(lambda handler: handler.send_error(404, "Not Found"))
    with pytest.raises(DownloadError, match="HTTP Error 404: Not Found"):
        fetch(url, size_limit=10**6)


def test_fetch_reads_no_file_of_this_machine(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(CONTENT)
    with pytest.raises(ValueError, match=r"expected url to be .*https://.*; received 'file:"):
        fetch(file.as_uri(), size_limit=10**6)


def test_fetch_says_that_nobody_answers():
    with pytest.raises(DownloadError, match="refused"):
        fetch("http://127.0.0.1:9/", size_limit=10**6)


def test_fetch_names_an_error_without_a_text(monkeypatch):
    def fail(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(download.urllib.request, "urlopen", fail)
    with pytest.raises(DownloadError, match=r"^TimeoutError$"):
        fetch("http://127.0.0.1:9/", size_limit=10**6)


def test_fetch_notices_that_the_content_is_cut_off(serve):
    url = serve(lambda handler: handler.send(CONTENT, promise=len(CONTENT) + 1))
    with pytest.raises(DownloadError, match="cut off after 256,000 of 256,001 bytes"):
        fetch(url, size_limit=10**6)


def test_fetch_notices_a_chunked_answer_that_is_cut_off(serve):
    def answer(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n")
        handler.close_connection = True

    with pytest.raises(DownloadError):
        fetch(serve(answer), size_limit=10**6)


def test_fetch_stops_at_the_size_limit(serve):
    """An endless answer must not fill the memory."""
    sent = []

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):  # 51 MB: endless enough, and bounded should the limit fail
            handler.wfile.write(CONTENT)
            sent.append(len(CONTENT))

    with pytest.raises(DownloadError, match="more than 1,000,000 bytes"):
        fetch(serve(answer), size_limit=10**6)
    time.sleep(0.2)
    before = len(sent)
    time.sleep(0.2)
    assert len(sent) == before < 200  # the thread that received has hung up


def test_fetch_gives_up_a_server_that_hangs(serve, impatient):
    url = serve(lambda handler: handler.closing.wait())
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"too slow|timed out"):
        fetch(url, size_limit=10**6)
    assert time.monotonic() - start < 2


def test_fetch_gives_up_headers_that_dribble(serve, impatient):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not handler.closing.wait(0.05):
            handler.wfile.write(b"X-More: 1\r\n")

    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"too slow \(0 bytes came\)"):
        fetch(serve(answer), size_limit=10**6)
    assert time.monotonic() - start < 2


def test_fetch_gives_up_a_body_that_dribbles(serve, impatient):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while not handler.closing.wait(0.02):
            handler.wfile.write(b"x")

    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"too slow \(\d+ bytes came\)"):
        fetch(serve(answer), size_limit=10**6)
    assert time.monotonic() - start < 2


def test_fetch_gives_up_a_name_that_is_never_looked_up(monkeypatch, impatient):
    """No timeout of the standard library covers this; a stalled resolver takes minutes."""
    over = threading.Event()
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: over.wait(20))
    start = time.monotonic()
    with pytest.raises(DownloadError, match="too slow"):
        fetch("http://127.0.0.1:9/", size_limit=10**6)
    assert time.monotonic() - start < 2
    over.set()


def test_fetch_bears_with_a_line_that_is_slow_but_steady(serve, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE_S", 0.6)
    monkeypatch.setattr(download, "BYTES_PER_STRETCH", 1000)

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):  # 1.2 s in all, twice the patience
            handler.wfile.write(b"x" * 500)
            time.sleep(0.06)

    assert len(fetch(serve(answer), size_limit=10**6)) == 10_000


def test_a_hanging_server_is_given_up_within_ten_seconds(serve):
    """The real setting, at the real pace."""
    url = serve(lambda handler: handler.closing.wait())
    start = time.monotonic()
    with pytest.raises(DownloadError):
        fetch(url, size_limit=10**6)
    assert time.monotonic() - start < 10
