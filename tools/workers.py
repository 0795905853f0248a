"""Who runs the parts of a sweep: the cores of this machine, or the workers of a cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

PATIENCE_S = 30  # for a scheduler to answer


@contextmanager
def open_workers(scheduler: str = "") -> Iterator[Executor]:
    """Open what `concurrent.futures` calls an executor.

    A cluster's workers are started in the project's folder, which all of them see, with one
    thread each, as ``dask worker ADDRESS --nthreads 1``. What a worker was doing when it died
    is done by another.

    Args:
        scheduler: The address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``; empty for
            as many processes on this machine as it has cores.

    Yields:
        The executor. Where the block is left by an error, what has not begun is given up.

    Raises:
        OSError: If the scheduler does not answer.
    """
    if not scheduler:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return
    from distributed import Client  # takes a second, and is rarely needed

    with (
        Client(scheduler, timeout=PATIENCE_S) as client,
        client.get_executor(pure=False, retries=2) as pool,
    ):
        yield pool
