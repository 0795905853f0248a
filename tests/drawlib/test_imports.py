"""What may import what, what importing costs, and that the examples in docstrings are true."""

import ast
import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import drawlib

PACKAGE = Path(drawlib.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")

# A file imports only from floors below its own. The one exception is `checks`, the ground on
# which floor 0 stands too.
FLOORS = {
    "checks": 0,
    "arrays": 0,
    "seeding": 0,
    "claims": 0,
    "download": 0,
    "files": 0,
    "bundled": 0,
    "data": 1,
    "losses": 1,
    "filterbank": 1,
    "lstm": 1,
    "batches": 1,
    "alignment": 1,
    "distances": 1,
    "perceptron": 1,
    "quantize": 1,
    "explorable": 1,
    "plots": 1,
    "dynamics": 1,
    "pendulum": 2,
    "arena": 2,
    "worlds": 3,
    "hidden": 2,
    "predictor": 2,
    "adversary": 2,
    "explorers": 3,
    "exploration": 4,
    "game": 2,
    "gan": 2,
    "window_explorable": 2,
    "draw_network": 2,
    "draw": 3,
    "checkpoints": 4,
    "training": 5,
    "study": 5,
    "planning": 2,
    "be_george": 3,
    "scrubber_still": 2,
    "scrubber": 3,
    "dream_machine": 5,
    "draw_film": 5,
    "explorables": 6,
    "__main__": 6,
    "chapter": 2,
}
GROUND = "checks"


def imports_of(source):
    """Return which files of the package a source imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = "drawlib." if node.level else ""
            module = start + (node.module or "")
            names = [f"{module.rstrip('.')}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "drawlib":
                found.add(rest.split(".")[0])
    return found


def breaches(name, imported):
    return {
        other for other in imported if other != GROUND and not FLOORS[other] < FLOORS[name]
    }  # fmt: skip


def test_every_file_has_a_floor():
    assert set(FLOORS) == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_file_imports_only_from_floors_below(name):
    imported = imports_of((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    assert breaches(name, imported) == set()


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        ("from drawlib.gan import GAN", {"gan"}),
        ("from drawlib import gan, data", {"gan", "data"}),
        ("import drawlib.gan as g", {"gan"}),
        ("from .gan import GAN", {"gan"}),
        ("from . import gan", {"gan"}),
        ("def f():\n    if 1:\n        from drawlib.gan import GAN", {"gan"}),
        ("import numpy.gan\nfrom os import path", set()),
    ],
)
def test_the_walk_sees_every_kind_of_import(source, imported):
    assert imports_of(source) == imported


def test_the_rule_can_be_broken():
    assert breaches("data", {"gan", "plots", "download", "checks"}) == {"gan", "plots"}
    assert breaches("claims", {"checks", "seeding"}) == {"seeding"}


def fresh(code):
    """Run code in a new process, and return what it prints, read as JSON."""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_importing_the_package_is_quick_and_loads_nothing_heavy():
    code = (
        "import json, sys, time; start = time.process_time(); import drawlib\n"
        "spent = time.process_time() - start\n"
        "print(json.dumps([spent, sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    runs = [fresh(code) for _ in range(3)]
    assert min(spent for spent, _ in runs) < 0.3
    heavy = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy", "numpy", "PIL", "urllib"}
    heavy |= {"gymnasium"}
    assert not heavy & set(runs[0][1])


def test_loading_data_needs_no_tensorflow():
    code = (
        "import json, sys; from drawlib import binarize, load_mnist, claim\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    assert not {"tensorflow", "keras", "matplotlib", "sklearn"} & set(fresh(code))


def test_all_names_every_public_name():
    assert set(drawlib.__all__) == set(drawlib._HOMES) | {"__version__"}
    assert drawlib.__all__ == sorted(drawlib.__all__)
    assert dir(drawlib) == sorted(drawlib.__all__)
    for name, home in drawlib._HOMES.items():
        assert getattr(drawlib, name) is getattr(importlib.import_module(f"drawlib.{home}"), name)


def test_type_checkers_see_the_same_names():
    """The table serves programs, the imports under TYPE_CHECKING serve editors."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    [block] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {
        alias.name: node.module.removeprefix("drawlib.")
        for node in block.body
        for alias in node.names
    }
    assert seen == drawlib._HOMES


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'drawlib' has no attribute 'paint'"):
        _ = drawlib.paint


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_true(name):
    module = importlib.import_module(f"drawlib.{name}")
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    tests = [
        test
        for name in MODULES
        for test in doctest.DocTestFinder().find(importlib.import_module(f"drawlib.{name}"))
        if test.examples
    ]
    assert len(tests) >= 3
