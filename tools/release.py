"""Make a release: ``make release VERSION=0.2.0``.

The version goes to the package, the citation and the changelog. Wheel, source and a zip of the
book go to ``dist/``. Then the wheel alone is installed in a clean environment, where a network
draws digits and one chapter runs from the zip. Nothing is published.
"""

from __future__ import annotations

import argparse
import datetime
import io
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from drawlib.files import write_whole
from tools.execute import ChapterError, read_notebook, run_notebook
from tools.kernels import clean_environment, kernel_of
from tools.project import ROOT

CHAPTER = "notebooks/gan/manifold_alignment.ipynb"  # needs no digits
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_UNRELEASED = "## [Unreleased]\n"
_PLACES = {
    "drawlib/__init__.py": re.compile(r'^__version__ = "(.*)"$', re.MULTILINE),
    "CITATION.cff": re.compile(r"^version: (.*)$", re.MULTILINE),
}
_DATE = datetime.datetime(1980, 1, 1).timetuple()[:6]  # the same pages give the same zip


def set_version(version: str, day: datetime.date, root: Path = ROOT) -> None:
    """Write a version into the project, and what is unreleased under it in the changelog.

    Args:
        version: Three whole numbers, ``0.2.0``.
        day: When it is released.
        root: The project's folder.

    Raises:
        ValueError: If it is no version, was released before, or if there is nothing to
            release. Nothing is changed then.
    """
    if not _VERSION.fullmatch(version):
        raise ValueError(
            f"expected VERSION to be three numbers such as 0.2.0; received {version!r}"
        )
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if f"## [{version}]" in changelog:
        raise ValueError(f"expected VERSION to be a new one; received {version}, which is released")
    before, heading, after = changelog.partition(_UNRELEASED)
    if not after.partition("\n## [")[0].strip():
        raise ValueError("expected CHANGELOG.md to list changes under [Unreleased]; received none")
    changed = {"CHANGELOG.md": f"{before}{heading}\n## [{version}] - {day.isoformat()}\n{after}"}
    for name, place in _PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        [found] = place.finditer(text)
        changed[name] = text[: found.start(1)] + version + text[found.end(1) :]
    for name, text in changed.items():
        write_whole(root / name, text.encode())


def zip_book(pages: Path, target: Path) -> None:
    """Put the built book into a zip, in a folder named like it.

    Args:
        pages: The folder of the built book.
        target: The zip.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in pages.rglob("*") if path.is_file()):
            name = f"{target.stem}/{path.relative_to(pages).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name, _DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
    write_whole(target, content.getvalue())


def build(version: str, root: Path = ROOT) -> tuple[Path, Path]:
    """Build the wheel, the source and the zip of the book into ``dist/``.

    Returns:
        The wheel and the zip.

    Raises:
        CalledProcessError: If something cannot be built.
    """
    target = root / "dist"
    shutil.rmtree(target, ignore_errors=True)
    for command in (["hatchling", "build", "-d", str(target)], ["tools.book"]):
        subprocess.run([sys.executable, "-m", *command], cwd=root, check=True)
    book = target / f"draw-book-{version}-pages.zip"
    zip_book(root / "_build" / "html", book)
    [wheel] = target.glob(f"draw_book-{version}-*.whl")
    return wheel, book


def check(wheel: Path, book: Path, folder: Path, root: Path = ROOT) -> None:
    """Try a release as a reader would who has nothing else of the project.

    Args:
        wheel: The package.
        book: The zip of the book.
        folder: Where to try; what is there is removed.
        root: The project's folder, for the lock.

    Raises:
        CalledProcessError: If the package cannot be installed, or does not draw.
        ChapterError: If the chapter does not run.
    """
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
    python = str(folder / "env" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ["--require-hashes", "-r", str(root / "requirements.lock")]
    subprocess.run([*install, *lock], check=True)
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True)
    picture = folder / "digits.png"
    draw = ["-m", "drawlib", "generate", "draw-attention", "--count", "4", "--out", picture.name]
    subprocess.run([python, *draw], cwd=folder, check=True)
    if not picture.read_bytes().startswith(b"\x89PNG"):
        raise ValueError(f"expected {picture.name} to be a picture; received something else")
    with zipfile.ZipFile(book) as archive:
        archive.extractall(folder)
    pages = folder / book.stem
    chapter = pages / "_sources" / CHAPTER
    with clean_environment(PYTHONNOUSERSITE="1"):
        run_notebook(read_notebook(chapter, pages), chapter, kernel=kernel_of(python), root=pages)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0 if the release was made and works, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("version", help="three whole numbers, such as 0.2.0")
    version = parser.parse_args(arguments).version
    try:
        set_version(version, datetime.date.today(), root)
        wheel, book = build(version, root)
        check(wheel, book, root / "_build" / "release", root)
    except (ChapterError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"✗ no release: {error}", file=sys.stderr)
        return 1
    print(f"✓ {version} is in dist/, and works. To publish it: commit, tag v{version}, push.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
