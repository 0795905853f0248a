"""A file is written whole, or what was there stays."""

import os
import time

import pytest

from drawlib.files import write_whole


def test_makes_the_folder_and_leaves_one_file(tmp_path):
    file = tmp_path / "a" / "b" / "file.bin"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_follows_the_users_umask(tmp_path):
    """A cache that several people share must stay readable for all of them."""
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "file.bin", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file.bin").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_leaves_nothing_when_it_fails(tmp_path, monkeypatch, error):
    def fail(_):
        raise error

    file = tmp_path / "file.bin"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_sweeps_old_leftovers_and_nothing_else(tmp_path):
    old, fresh, other = (
        tmp_path / name for name in (".file.bin-1.part", ".file.bin-2.part", ".other.bin-1.part")
    )
    for leftover in (old, fresh, other):
        leftover.write_bytes(b"half")
    long_ago = time.time() - 2 * 3600
    os.utime(old, (long_ago, long_ago))
    os.utime(other, (long_ago, long_ago))
    write_whole(tmp_path / "file.bin", b"x")
    assert sorted(tmp_path.iterdir()) == sorted([fresh, other, tmp_path / "file.bin"])
