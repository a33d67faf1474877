"""`python -m examples.demo`: tell the story, check every line of it, write the report."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.demo.calls import Api
from examples.demo.cast import Cast, choose
from examples.demo.live import CHECKOUT, LiveServer, ServerFailed
from examples.demo.steps import CheckFailed, State, Story
from saaskit_core.catalog import load_catalog
from saaskit_core.errors import SaasKitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

CATALOG = CHECKOUT / "examples" / "catalogs" / "demo.yaml"
PORT = 8000


class BadCatalog(Exception):
    """Raised when the catalogue can't be told a story with; the message says where and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when all is well, 1 when a step failed, 2 for a bad catalogue."""
    arguments = command_line().parse_args(argv)
    signal.signal(signal.SIGTERM, _end)
    try:
        cast = cast_of(arguments.catalog)
        with tempfile.TemporaryDirectory(prefix="saaskit-demo-") as folder:
            return _run(arguments, cast, Path(folder))
    except BadCatalog as problem:
        print(problem, file=sys.stderr)
        return 2
    except ServerFailed as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def command_line() -> argparse.ArgumentParser:
    """Return what may be said on the command line."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument(
        "--catalog",
        type=Path,
        default=CATALOG,
        metavar="FILE",
        help="plans, features and coupons to tell the story with (default: the demo's own)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("build") / "report.html",
        metavar="FILE",
        help="where the report goes (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, no text")
    parser.add_argument("--serve", action="store_true", help="keep the site and its data up")
    parser.add_argument(
        "--port", type=int, help=f"where the site listens (default: {PORT} with --serve, else any)"
    )
    return parser


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def cast_of(path: Path) -> Cast:
    """Return who plays what in a catalogue file. Raises BadCatalog."""
    try:
        catalog = load_catalog(path)
    except SaasKitError as problem:
        raise BadCatalog(str(problem)) from problem
    except OSError as problem:
        raise BadCatalog(f"{path}: {problem.strerror or problem}") from problem
    if not any(plan.is_for_sale and plan.prices for plan in catalog.plans):
        raise BadCatalog(f"{path}: it has no plan for sale; allowed: at least one with a price")
    return choose(catalog)


def _run(arguments: argparse.Namespace, cast: Cast, folder: Path) -> int:
    started = time.perf_counter()
    port = arguments.port if arguments.port is not None else PORT if arguments.serve else 0
    _settle(folder, cast, port=port)
    story = Story(None if arguments.json else sys.stdout)
    with LiveServer(folder, port=port) as server:
        scene = _tell(story, cast, folder, server)
        seconds = time.perf_counter() - started
        result = _conclude(arguments, story, scene, seconds)
        if arguments.json:
            print(json.dumps(result, indent=2, ensure_ascii=False), flush=True)
        else:
            _sum_up(result)
        if arguments.serve and story.failed is None:
            _stay(scene, server, is_quiet=arguments.json)
    return 0 if story.failed is None else 1


def _settle(folder: Path, cast: Cast, *, port: int) -> None:
    """Write what the settings module reads, and name it to this process."""
    site = {
        "secret_key": secrets.token_urlsafe(48),
        "currency": cast.currency,
        "default_plan": cast.free.key if cast.free else "free",
        "url": f"http://127.0.0.1:{port}" if port else "https://app.example.com",
    }
    (folder / "site.json").write_text(json.dumps(site), encoding="utf-8")
    os.environ["SAASKIT_DEMO_FOLDER"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "examples.demo.settings"


def _tell(story: Story, cast: Cast, folder: Path, server: LiveServer) -> Any:
    """Tell the story; a step that fails ends it."""
    import django

    django.setup()  # The server imports meanwhile; models can only be imported after this.
    from examples.demo.story.scene import Scene
    from examples.demo.story.whole import prepare, tell

    scene = Scene(story=story, cast=cast, folder=folder, url="", admin=Api(url=""))
    try:
        prepare(scene)
        scene.url = scene.admin.url = server.wait()
        tell(scene)
    except CheckFailed:
        pass
    except ServerFailed:
        raise
    except Exception:
        traceback.print_exc()
        print(server.log_tail(), file=sys.stderr)
        if story.failed is None:
            raise
    return scene


def _conclude(
    arguments: argparse.Namespace, story: Story, scene: Any, seconds: float
) -> dict[str, Any]:
    """Write the report and return everything for machines."""
    from examples.demo.report.page import write_report

    report = arguments.report.resolve()
    write_report(report, scene=scene, seconds=seconds)
    failed = story.failed
    return {
        "ok": failed is None,
        "failed": failed.title if failed else None,
        "seconds": round(seconds, 2),
        "checks": story.checks,
        "figures": scene.figures,
        "left_out": [
            {"step": step.title, "why": step.said[0].removeprefix("left out: ")}
            for step in story.steps
            if step.state is State.LEFT_OUT
        ],
        "steps": [
            {
                "number": step.number,
                "chapter": step.chapter,
                "title": step.title,
                "state": step.state.value,
                "said": step.said,
                "seconds": round(step.seconds, 3),
                "checks": [asdict(check) for check in step.checks],
            }
            for step in story.steps
        ],
        "folder": str(scene.folder),
        "report": str(report),
    }


def _sum_up(result: dict[str, Any]) -> None:
    print()
    if not result["ok"]:
        print(f"FAILED at: {result['failed']}")
    figures = result["figures"]
    print(
        f"{result['checks']} checks in {result['seconds']:.1f} s,"
        f" {'all good' if result['ok'] else 'the last one does not hold'};"
        f" ledger sum {figures.get('ledger_sum', 'not reached')}"
    )
    print(f"Report: {result['report']}")


def _stay(scene: Any, server: LiveServer, *, is_quiet: bool) -> None:
    out = sys.stderr if is_quiet else sys.stdout
    print(
        f"\nThe site stays up: {scene.url}\n"
        f"  /admin/    admin@example.com  {scene.admin_password}\n"
        "  /swagger/  /redoc/  /schema/   the API\n"
        "Ctrl-C ends it and removes its data.",
        file=out,
        flush=True,
    )
    try:
        server.wait_for_end()
    except KeyboardInterrupt:
        print("\nGone.", file=out)


if __name__ == "__main__":
    sys.exit(main())
