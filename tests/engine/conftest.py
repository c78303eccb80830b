"""One cluster for all tests of this folder, started as a user starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import psutil
import pytest

from segen.engine import serving
from segen.text import words

if TYPE_CHECKING:
    from segen.engine.remote import RemoteEngine

SETTINGS = ("--least", "1", "--most", "2", "--cores", "0.1")


@dataclass(frozen=True)
class Served:
    """A cluster that `segen serve` started, and an engine that asks it."""

    port: int
    process: psutil.Process
    engine: RemoteEngine

    def replicas(self, task: str) -> list[psutil.Process]:
        """The processes of a task's replicas."""
        name = f"ray::ServeReplica:{task}"
        return [each for each in self.process.children(recursive=True) if named(each).startswith(name)]


def named(process: psutil.Process) -> str:
    """The title of a process, or nothing if it has ended."""
    try:
        return "".join(process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return ""


@contextmanager
def started(port: int, log: Path) -> Iterator[subprocess.Popen[str]]:
    """`segen serve`, with Ctrl-C at the end."""
    command = [sys.executable, "-m", "segen", "serve", "--port", str(port), *SETTINGS]
    settings = {**os.environ, "SEGEN_DEBUG": "1"}
    with log.open("wb") as errors:
        process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(120)
    assert code == 130, log.read_text("utf-8")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`segen serve` with a token of its own, and an engine that asks it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ["RAY_AUTH_TOKEN"] = token_hex(32)  # else Ray writes one into the home folder
    log, address = tmp_path_factory.mktemp("serve") / "log", f"127.0.0.1:{port}"
    with started(port, log) as process:
        assert process.stdout
        told = process.stdout.readline().strip()
        assert told == words("en", "cli.serve_ready", address=address), log.read_text("utf-8")
        engine: RemoteEngine = serving.engine(address)  # type: ignore[assignment]
        yield Served(port, psutil.Process(process.pid), engine)
        import ray

        for handle in engine._handles.values():
            handle.shutdown()
        ray.shutdown()
    assert "Traceback" not in log.read_text("utf-8")
