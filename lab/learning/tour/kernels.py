"""Kernels for notebooks that run one after the other: while one is at work, the next one is getting ready.

A kernel takes about a second to start, most of it loading Python's own modules; a lesson mostly waits for Docker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

_CLIENT = "jupyter_client.asynchronous.AsyncKernelClient"  # the one that nbclient talks through


@contextmanager
def kernels(folder: Path, place: Path, count: int) -> Iterator[Iterator[Any]]:
    """An iterator over `count` started kernels (`jupyter_client.KernelManager`) that work in `folder`.

    A kernel is shut down when the next one is taken. Sockets and what kernels print lie in `place`, whose path has to
    be short (about 80 characters), since it is that of a socket.
    """
    (place / "k").mkdir(exist_ok=True)
    with (place / "kernel.log").open("ab") as log, ExitStack() as running:

        def start(number: int) -> Any:
            from jupyter_client.manager import KernelManager

            ip = str(place / "k" / str(number))
            kernel = KernelManager(kernel_name="python3", transport="ipc", ip=ip, client_class=_CLIENT)
            kernel.start_kernel(cwd=str(folder), stdout=log, stderr=log)
            running.callback(_end, kernel)
            return kernel

        def each() -> Iterator[Any]:
            following = start(0) if count else None
            for number in range(1, count + 1):
                kernel, following = following, start(number) if number < count else None
                yield kernel
                _end(kernel)

        yield each()


def _end(kernel: Any) -> None:
    if kernel.has_kernel:
        kernel.shutdown_kernel(now=True)
        kernel.cleanup_resources()
