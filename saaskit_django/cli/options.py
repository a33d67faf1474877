"""What every command about a project understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command about a project understands."""
    parser.add_argument(
        "--settings", default="", help="the settings module (default: as manage.py has it)"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
