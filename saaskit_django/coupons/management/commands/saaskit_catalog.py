"""`manage.py saaskit_catalog import FILE`: plans, features and coupons from a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from saaskit_core.catalog import load_catalog
from saaskit_core.errors import SaasKitError
from saaskit_django.coupons.services import import_catalog
from saaskit_django.plans.selectors import feature_definitions

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from saaskit_core.catalog import Catalog


class Command(BaseCommand):
    """Reads a catalogue file."""

    help = "Import plans, features and coupons from a YAML or JSON catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the action and the file."""
        parser.add_argument("action", choices=["import"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only read and check it")

    def handle(self, *_: Any, file: Path, dry_run: bool, **__: Any) -> None:
        """Read, check and import the file."""
        try:
            catalog = load_catalog(file, definitions=feature_definitions())
            report = "nothing imported" if dry_run else _import(catalog)
        except (SaasKitError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"{file}: {len(catalog.plans)} plans, {len(catalog.coupons)} coupons,"
            f" {len(catalog.features)} features; {report}"
        )


def _import(catalog: Catalog) -> str:
    done = import_catalog(catalog)
    plans = done.plans
    return (
        f"plans {plans.plans_created} new, {plans.plans_changed} changed;"
        f" prices {plans.prices_added} new, {plans.prices_retired} retired;"
        f" features {plans.features_defined} defined;"
        f" coupons {done.coupons_created} new, {done.coupons_changed} changed"
    )
