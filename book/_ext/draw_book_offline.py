"""Sphinx extension: everything that a page loads lies beside it, and nothing more.

MathJax is copied out of the installed `sphinx-mathjax-offline`, those of its parts that the
pages use instead of the 24 MB that its own extension would copy. The theme's heaviest script, which
draws icons that a font draws as well, is left out.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

# MathJax in parts: as one file it has a menu that is more than a third of its weight.
MATHJAX_SCRIPT = "startup.js"
MATHJAX_LOADS = ["input/tex", "output/chtml", "a11y/assistive-mml"]
MATHJAX_PARTS = [
    MATHJAX_SCRIPT,
    "core.js",
    "input/tex.js",
    "input/tex/extensions",  # each loaded by the formula that first needs it
    "output/chtml.js",
    "output/chtml/fonts",
    "a11y/assistive-mml.js",
]

# Never asked for by a page: source maps, icons as scripts and in other formats, and the
# logos of services that the book has no link to.
UNUSED = ["**/*.map", "vendor/fontawesome/*/js/*", "vendor/**/*.ttf", "images/logo_[bdj]*"]

# The theme's icons come twice, as a font and as a script of 1.5 MB that replaces each by a
# drawing; and it asks for the fonts ahead of time, which a browser refuses on a page that
# was opened from a folder.
_PRELOADS = re.compile(
    r'<link rel="preload" as="font"[^>]*>|<script src="[^"]*fontawesome[^"]*"></script>'
)


def mathjax_folder() -> Path:
    """Find the MathJax that `sphinx-mathjax-offline` carries.

    Raises:
        ExtensionError: If the package is not installed.
    """
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise ExtensionError(
            "expected sphinx-mathjax-offline to be installed; `make book` sets it up"
        )
    return Path(spec.origin).parent / "static" / "mathjax"


def configure_mathjax(app: Sphinx, config: Config) -> None:
    """Let the pages load the local MathJax."""
    config.mathjax_path = f"mathjax/{MATHJAX_SCRIPT}"
    config.mathjax3_config = {"loader": {"load": MATHJAX_LOADS}}


def copy_mathjax(source: Path, target: Path) -> None:
    """Copy the parts of MathJax that the pages load."""
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            shutil.copy(source / part, target / part)


def trim(static: Path) -> None:
    """Remove from the `_static` folder what no page uses."""
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()


def lighten(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the template the filter for its head, and MathJax only to pages with math.

    Sphinx also gives it to a page whose *children* in the table of contents have math.
    """
    context["without_preloads"] = lambda head: _PRELOADS.sub("", head)
    if not app.env.get_domain("math").data["has_equations"].get(pagename):
        context["script_files"] = [
            script for script in context["script_files"] if "mathjax" not in str(script)
        ]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Complete the built pages, or forget a build that warned.

    Sphinx stores each page it has read before `-W` counts the warnings, so a second build
    would read nothing, warn of nothing and pass. Without the stored environment it reads
    everything again and fails again.
    """
    if app.builder.format == "html" and error is None:
        static = Path(app.outdir) / "_static"
        copy_mathjax(mathjax_folder(), static / "mathjax")
        trim(static)
    if error is not None or app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    # Jupyter Book sets this for an extension that the book does without.
    app.add_config_value("comments_config", {}, "")
    app.connect("config-inited", configure_mathjax, priority=100)
    app.connect("html-page-context", lighten, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
