"""The server process: the demo's site on a loopback port, one thread per request.

It prints the port it got, and ends when its standard input is closed, so that it never outlives the
demo that started it.
"""

from __future__ import annotations

import os
import sys
import threading

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Answers without a line in the log for each request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(port: int) -> None:
    """Serve until the standard input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.demo.settings")
    server = ThreadedWSGIServer((HOST, port), QuietHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.05)


def _end_with_parent(server: ThreadedWSGIServer) -> None:
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
