"""How the book's tools start a kernel: this environment's Python, and nothing of the user's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

CELL_TIMEOUT = 300  # seconds; a chapter as a whole runs in less

# Python's own output is a chapter's output; what C++ libraries log is not.
_LAUNCHER = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
_OPTIONS = ("--IPKernelApp.capture_fd_output=False",)


class _OneKernel(KernelSpecManager):
    """Knows one kernel, so that no kernel installed elsewhere can take its place."""

    def __init__(self, command: list[str]) -> None:
        super().__init__()
        self._command = command

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the one kernel, whatever it is called in the notebook."""
        return KernelSpec(
            argv=self._command,
            display_name="Python 3",
            language="python",
        )


def kernel_of(*command: str, options: Sequence[str] = ()) -> type[AsyncKernelManager]:
    """Make the manager of kernels that run on one Python interpreter.

    Args:
        *command: The interpreter, with its options.
        options: The kernel's own options.
    """
    launch = [*command, *_LAUNCHER, *_OPTIONS, *options]

    class Manager(AsyncKernelManager):
        def __init__(self, **settings: Any) -> None:
            super().__init__(kernel_spec_manager=_OneKernel(launch), **settings)

    return Manager


@contextmanager
def clean_environment(**settings: str) -> Iterator[None]:
    """Take out of this process's environment, for a while, what would change a notebook's outputs.

    A kernel inherits the environment in which it is started.

    Args:
        **settings: Variables to set for the kernels.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="drawlib-ipython-") as folder:
        for name in ("DRAWLIB_SEED", "DRAWLIB_CLAIMS", "DRAWLIB_CHAPTER", "MPLBACKEND"):
            os.environ.pop(name, None)
        os.environ["IPYTHONDIR"] = folder  # without the user's profile and start-up files
        if data := os.environ.get("DRAWLIB_DATA"):  # a kernel works in its notebook's folder
            os.environ["DRAWLIB_DATA"] = str(Path(data).absolute())
        os.environ.update(settings)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
