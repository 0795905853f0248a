"""Files that somebody made to do harm: only the documented errors, little memory, nothing written.

`make test` tries a few hundred of each kind, always the same; `make fuzz` 10,000 new ones.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drawlib import checkpoints, data, study
from drawlib.checkpoints import CheckpointError
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig
from drawlib.exploration import ExplorationConfig
from drawlib.study import StudyError
from tools.claims_page import claims_page
from tools.sweep_results import read_results

EXAMPLES = int(os.environ.get("DRAWLIB_FUZZ", "200"))
MOST_MEMORY = 500e6  # bytes, while a file is read
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="DRAWLIB_FUZZ" not in os.environ,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

CONFIG = DRAWConfig(height=4, width=5, read_size=2, write_size=2, units=2, latent_size=1, steps=2)
TINY = ExplorationConfig(
    world="pendulum", explorer="uniform", budget=20, robots=4, horizon=5, updates=1,
    hidden=(4,), batch_size=8, points=30,
)  # fmt: skip

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**63, 10**30, -1, 0, 1e308, float("nan"), float("inf")]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "descr": st.sampled_from(["<f4", "|O", "|u1", "<f2", "<U9", "<M8[s]", "x", "<f4,|O", 7]),
        "fortran_order": st.sampled_from([True, False, 3]),
        "shape": st.one_of(
            st.lists(st.sampled_from([0, 1, 3, -1, 10**11, 2.5, "n"]), max_size=3).map(tuple),
            st.sampled_from([None, 5, [3]]),
        ),
    },
)
NAMES = st.sampled_from(
    ["card.json", "x.npy", "../escaped.npy", "/escaped.npy", "a/../../escaped.npy", "C:\\e.npy", ""]
)


@st.composite
def edits(draw: st.DrawFn, whole: bytes) -> bytes:
    """Change bytes anywhere: flipped, cut out, put in, doubled."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        upto = at + draw(st.integers(0, 40))
        put = draw(st.sampled_from([b"", b"\xff", b"PK\x01\x02", content[at:upto], b"\0" * 40]))
        content[at:upto] = put if draw(st.booleans()) else bytes(b ^ 0x81 for b in content[at:upto])
    return bytes(content)


@st.composite
def other_json(draw: st.DrawFn, whole: Any) -> Any:
    """Put something else into one place of what JSON holds."""
    if not isinstance(whole, (dict, list)) or not whole or draw(st.integers(0, 3)) == 0:
        return draw(JSON)
    keys = list(whole) if isinstance(whole, dict) else range(len(whole))
    key = draw(st.sampled_from(list(keys)))
    copy = whole.copy()
    if draw(st.integers(0, 4)) == 0:
        del copy[key]
    else:
        copy[key] = draw(other_json(whole[key]))
    return copy


@st.composite
def other_array(draw: st.DrawFn, whole: bytes) -> bytes:
    """Give an array another header, another version, or a body that never ends."""
    fields = {"descr": "<f4", "fortran_order": False, "shape": (3,), **draw(HEADERS)}
    header = f"{fields!r}\n".encode()
    version = draw(st.sampled_from([b"\1\0", b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\x09\0"]))
    length = draw(st.sampled_from([len(header), len(header), 0, 65_535]))
    body = draw(st.sampled_from([b"", whole[80:], b"\0" * 10_000]))
    return b"\x93NUMPY" + version + length.to_bytes(2, "little") + header + body


@st.composite
def other_archive(draw: st.DrawFn, whole: bytes) -> bytes:
    """Pack an archive anew: with another card, other arrays, other names, members twice."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(members) - 1))
        name, content = members[at]
        kind = draw(st.sampled_from(["inside", "inside", "inside", "name", "twice", "none"]))
        if kind == "inside" and name.endswith(".json"):
            with contextlib.suppress(ValueError):
                content = json.dumps(draw(other_json(json.loads(content)))).encode()
        elif kind == "inside":
            content = draw(other_array(content))
        if kind == "none" and len(members) > 1:
            del members[at]
        elif kind == "twice":
            members.append((name, draw(other_array(content))))
        else:
            members[at] = (draw(NAMES) if kind == "name" else name, content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def hostile(whole: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(edits(whole), other_archive(whole), st.binary(max_size=60))


@pytest.fixture(autouse=True)
def nothing_written(tmp_path):
    yield
    assert [path.name for path in tmp_path.iterdir()] == ["file.npz"]
    assert list(tmp_path.parent.glob("escaped*")) == []


def refused_or_right(file: Path, content: bytes, load: Any, errors: tuple, check: Any) -> None:
    file.write_bytes(content)
    tracemalloc.start()
    try:
        found = load(file)
    except errors as error:
        assert str(error).startswith("expected ")  # noqa: PT017  most files raise, not all
    else:
        check(found)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < MOST_MEMORY
    assert file.read_bytes() == content


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_mnist(small, tmp_path):
    def check(digits):
        np.testing.assert_array_equal(np.rint(digits.x_test * 255), small.arrays["x_test"])

    @FUZZ
    @given(content=hostile(small.content))
    def try_one(content):
        refused_or_right(tmp_path / "file.npz", content, data.load_mnist, (ValueError,), check)

    try_one()


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_checkpoints_and_their_cards(tmp_path):
    model = DRAW(CONFIG, seed=0)
    file = tmp_path / "file.npz"
    checkpoints.save_draw(file, model, {"steps": 5, "bound": {"elbo": 90.0}})
    weights = checkpoints.weights(model)

    def check(found):
        for name, value in checkpoints.weights(found[0]).items():
            assert value.shape == weights[name].shape

    @FUZZ
    @given(content=hostile(file.read_bytes()))
    def try_one(content):
        refused_or_right(file, content, checkpoints.load_draw, (CheckpointError,), check)

    try_one()


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_studies(tmp_path):
    made = study.run_study(tmp_path, [TINY], seeds=2).rename(tmp_path / "file.npz")
    for path in sorted((tmp_path / "units").iterdir()):
        path.unlink()
    (tmp_path / "units").rmdir()

    def check(found):
        results, card = found
        assert set(results) <= {("pendulum", "uniform")}
        assert isinstance(card, dict)

    @FUZZ
    @given(content=hostile(made.read_bytes()))
    def try_one(content):
        refused_or_right(made, content, study.load_study, (CheckpointError, StudyError), check)

    try_one()


def test_claims(tmp_path):
    file = tmp_path / "file.npz"
    claim = {"sentence": "s", "bound": "b", "held": 2, "of": 3, "failed": [1]}
    whole = {"a": [{**claim, "low": 0.5, "median": 1, "high": 2}], "b": []}

    def check(found):
        claims_page([], found)
        for claims in found.values():
            assert all(claim["held"] <= claim["of"] for claim in claims)

    @FUZZ
    @given(
        content=st.one_of(
            edits(json.dumps(whole).encode()),
            other_json(whole).map(lambda made: json.dumps(made).encode()),
            st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"9" * 5000]),
        )
    )
    def try_one(content):
        refused_or_right(file, content, read_results, (ValueError,), check)

    try_one()


def pack(file: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def header(descr: str, shape: str) -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


CARD = {"format": 1, "model": "draw", "config": {}, "sha256": ""}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"card.json": b" " * 510_000_000}, "its card has more than 2,000,000 bytes"),
        (
            {
                "card.json": json.dumps(CARD | {"arrays": {"x": ["float32", 10**11]}}).encode(),
                "x.npy": header("<f4", f"({10**11},)"),
            },
            "at most 256,000,000 bytes; received 400,000,000,000",
        ),
        (
            {
                "card.json": json.dumps(
                    CARD | {"arrays": {str(k): ["uint8", 255_000_000] for k in range(4)}}
                ).encode(),
                **{f"{k}.npy": b"" for k in range(4)},
            },
            "at most 256,000,000 bytes; received 1,020,000,000",
        ),
        (
            {
                "card.json": json.dumps(CARD | {"arrays": {"x": ["uint8", 200_000_000]}}).encode(),
                "x.npy": header("|u1", "(200000000,)") + b"\0" * 510_000_000,
            },
            "not those that the card was written for",
        ),
    ],
    ids=["a card that never ends", "a hundred gigabytes promised", "four at once", "a bomb"],
)
def test_little_memory_for_a_bomb(tmp_path, members, why):
    file = tmp_path / "file.npz"
    pack(file, members)
    assert file.stat().st_size < 3_000_000
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=why):
        checkpoints.read_checkpoint(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < MOST_MEMORY


def test_a_configuration_that_promises_more_than_there_is(tmp_path):
    model = DRAW(CONFIG, seed=0)
    file = tmp_path / "file.npz"
    arrays = checkpoints.weights(model)
    config = {**CONFIG.__dict__, "units": 9_999}
    checkpoints.write_checkpoint(file, arrays, {"model": "draw", "config": config})
    with pytest.raises(CheckpointError, match="expected 1,200,359,968 weights"):
        checkpoints.load_draw(file)


def test_a_network_too_large_to_be_read_again_is_not_written(tmp_path, monkeypatch):
    file = tmp_path / "file.npz"
    checkpoints.write_checkpoint(file, {"x": np.zeros(10)}, {})
    before = file.read_bytes()
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 100)
    with pytest.raises(CheckpointError, match="at most 100 bytes; received 104"):
        checkpoints.write_checkpoint(file, {"x": np.zeros(13)}, {})
    assert file.read_bytes() == before
