"""Every package that set-up installs says under which licence it comes."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from tools.licences import UNKNOWN, licence, main, table


def package(folder: Path, metadata: str, **files: str) -> Distribution:
    """A package of one name, with the files of its licence."""
    info = folder / "small-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: small\nVersion: 1.0\n{metadata}")
    for name, text in files.items():
        (info / name).write_text(text)
    (info / "RECORD").write_text("".join(f"small-1.0.dist-info/{name},,\n" for name in files))
    return Distribution.at(info)


@pytest.mark.parametrize(
    ("metadata", "files", "said"),
    [
        ("License-Expression: MIT\nClassifier: License :: Public Domain\n", {}, "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License\nLicense: x\n", {}, "BSD License"),
        ("Classifier: License :: OSI Approved\nLicense: 3-Clause BSD\n", {}, "3-Clause BSD"),
        ("", {"LICENSE": "\nCopyright 2020 A\n\nThe Small Licence\n"}, "The Small Licence"),
        ("Classifier: Topic :: Software Development\n", {"README": "MIT"}, UNKNOWN),
    ],
)
def test_where_a_licence_is_found(
    tmp_path: Path, metadata: str, files: dict[str, str], said: str
) -> None:
    assert licence(package(tmp_path, metadata, **files)) == said


def test_everything_here_has_a_licence(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out
    rows = table(list(distributions()))
    assert {"tensorflow", "jupyter-book", "numpy"} <= {name for name, _, _ in rows}
    assert [name for name, _, terms in rows if terms == UNKNOWN] == []
    assert f"{len(rows)} packages" in printed
