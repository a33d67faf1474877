"""Processes of a site that a proof starts and ends: workers of ours, Celery's, a Redis server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connections

from tests.architecture.source import ROOT

PATIENCE = 40
"""Seconds until a proof gives up waiting for what it expects."""
COMMAND_LINE = "import sys; from saaskit_core.cli import main; sys.exit(main())"


@dataclass
class Site:
    """What a started process must know of the test: its database, books, broker and queue."""

    sandbox: str
    broker: str = "memory://"
    queue: str = "proof"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.proof.site",
            "PROOF_DATABASE": str(connections["default"].settings_dict["NAME"]),
            "PROOF_SANDBOX": self.sandbox,
            "PROOF_BROKER": self.broker,
            "PROOF_QUEUE": self.queue,
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start `python …` there."""
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def worker(self, *options: str) -> subprocess.Popen[str]:
        """Start `saaskit worker`."""
        return self.start("-c", COMMAND_LINE, "worker", "--json", *options)

    @contextmanager
    def celery_worker(self, folder: Path) -> Iterator[None]:
        """A Celery worker with a beat of its own, ended at the end."""
        started = self.start(
            *("-m", "celery", "-A", "tests.proof.site", "worker", "--pool", "threads", "-c", "2"),
            *("-Q", self.queue, "--without-mingle", "--without-gossip", "--loglevel", "WARNING"),
            *("-B", "-s", str(folder / "beat")),
        )
        with ended(started):
            yield


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End the process at the end, and take its output, so that it never waits for a reader."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_until(holds: Callable[[], bool], *, pause: float = 0.1) -> None:
    """Wait until it holds; fails after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "what was waited for didn't happen"
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class OwnRedis:
    """A Redis server of the test's own, which may be stopped; it forgets everything then."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        server = shutil.which("redis-server")
        assert server is not None
        self.process = subprocess.Popen(
            [server, "--port", str(self.port), "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._answers, pause=0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
