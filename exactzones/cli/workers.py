"""The workers of a command: processes on this machine, or those of a dask.distributed scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

import click

from exactzones.errors import InputError

_DASK_SECONDS = 10  # time for a scheduler to answer

jobs_option = click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Use N processes on this machine."
)
dask_option = click.option("--dask", metavar="ADDRESS", help="Use the workers of the dask.distributed scheduler at this address.")


@contextmanager
def workers(jobs: int, dask: str | None) -> Iterator[Executor | None]:
    """Yield the workers that the options ask for; None means that this process does all the work."""
    if dask is None:
        if jobs == 1:
            yield None
            return
        from exactzones.parallel import processes

        with processes(jobs - 1) as pool:  # this process is one, too
            yield pool
        return
    if jobs > 1:
        raise InputError("--jobs and --dask exclude each other: use processes on this machine or a scheduler's workers")
    with _dask_executor(dask) as executor:
        yield executor


@contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    """Connect to a dask.distributed scheduler."""
    import asyncio

    try:
        from distributed import Client
        from distributed.comm import connect
    except ImportError:
        raise InputError("--dask needs dask.distributed, which is not installed: pip install exactzones[dask]") from None

    async def try_to_connect() -> None:
        connection = await connect(address, timeout=_DASK_SECONDS)
        await connection.close()

    try:  # first without a Client, which takes long to close after a failure
        asyncio.run(try_to_connect())
    except Exception as error:  # noqa: BLE001 - any program may listen at the address and answer anything
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"--dask {address}: no scheduler answers there within {_DASK_SECONDS} s ({reason})") from None
    with Client(address, timeout=_DASK_SECONDS, set_as_default=False) as client:
        yield client.get_executor()
