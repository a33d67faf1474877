"""Start and stop the server process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 25.0
"""How many seconds the server may take to start."""


class ServerFailed(Exception):
    """Raised when the server process doesn't come up; the message holds the end of its log."""


class LiveServer:
    """The site in a process of its own. Use it in a `with`."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self._log = folder / "server.log"
        self._folder = folder
        self._wanted = port
        self.url = ""

    def __enter__(self) -> LiveServer:
        """Start the process; it needs a moment until `wait` returns."""
        environment = {
            **os.environ,
            "SAASKIT_DEMO_FOLDER": str(self._folder),
            "DJANGO_SETTINGS_MODULE": "examples.demo.settings",
            "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-m", "examples.demo.server", str(self._wanted)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the demo, which then ends the server.
            )
        return self

    def wait(self) -> str:
        """Return the address once the server listens. Raises ServerFailed."""
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline() if self._process.stdout else b""
        finally:
            watchdog.cancel()
        if not line.strip().isdigit():
            raise ServerFailed(f"the server did not start:\n{self.log_tail()}")
        self.url = f"http://127.0.0.1:{int(line)}"
        return self.url

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of what the server wrote."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def wait_for_end(self) -> None:
        """Return when the process has ended by itself."""
        self._process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, by force if it doesn't listen."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=5)
        if self._process.stdout:
            self._process.stdout.close()
