"""Chapter one: an empty database becomes a site with plans on sale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from examples.demo.story.scene import Scene, decimal
from saaskit_django.coupons.services import import_catalog

if TYPE_CHECKING:
    from saaskit_core.plans import Plan

ADMIN = "admin@example.com"


def migrate(scene: Scene) -> None:
    """Make the tables and the admin."""
    with scene.story.step("An empty SQLite database is migrated") as step:
        call_command("migrate", verbosity=0, interactive=False)
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        step.check("migrations left to apply", len(plan), 0)
        tables = connection.introspection.table_names()
        ours = [name for name in tables if name.startswith("saaskit_")]
        step.say(f"{len(ours)} tables of SaaSKit, {len(tables)} in all")
        get_user_model().objects.create_superuser(ADMIN, scene.admin_password, full_name="Admin")


def import_plans(scene: Scene) -> None:
    """Import the catalogue, twice."""
    catalog = scene.cast.catalog
    with scene.story.step("The catalogue is imported: plans, coupons, features") as step:
        done = import_catalog(catalog)
        step.check("plans", done.plans.plans_created, len(catalog.plans))
        step.check("coupons", done.coupons_created, len(catalog.coupons))
        step.check("features", done.plans.features_defined, len(catalog.features))
        again = import_catalog(catalog)
        changed = again.plans.plans_changed + again.plans.prices_added + again.coupons_changed
        step.check("a second import changes", changed, 0)
        step.say(
            f"{len(catalog.plans)} plans at {sum(len(plan.prices) for plan in catalog.plans)}"
            f" prices, {len(catalog.coupons)} coupons, {len(catalog.features)} own features"
        )


def list_plans(scene: Scene) -> None:
    """Compare the price list that everybody sees with the file."""
    with scene.story.step("The price list is public, over HTTP") as step:
        answer = scene.nobody().get(step, "/api/auth/subscriptionplans/?limit=100")
        listed = {row["key"]: row for row in answer.json["results"]}
        for plan in scene.cast.catalog.plans:
            if plan.is_for_sale and plan.prices:
                step.check(f"prices of {plan.key}", _listed(listed[plan.key]), _filed(plan))
        step.say(", ".join(_asked(row) for row in answer.json["results"]))


def admin_signs_in(scene: Scene) -> None:
    """Get the admin's token."""
    with scene.story.step("The admin signs in and asks which payment providers there are") as step:
        scene.admin.token = scene.sign_in(step, ADMIN, scene.admin_password).token
        answer = scene.admin.get(step, "/api/payment/providers/")
        step.check("the default provider", answer.json["default_provider"], "sandbox")
        can = answer.json["providers"]["sandbox"]["capabilities"]
        step.say(f"the sandbox moves no money; it can: {', '.join(can)}")


def _listed(row: dict[str, Any]) -> list[str]:
    found = row["prices"]
    return sorted(f"{p['billing_frequency']} {p['amount']} {p['currency']}" for p in found)


def _filed(plan: Plan) -> list[str]:
    return sorted(
        f"{price.frequency} {decimal(price.amount)} {price.amount.currency}"
        for price in plan.prices
    )


def _asked(row: dict[str, Any]) -> str:
    price = row["monthly_price"]
    return f"{row['name']} {price} {row['currency']} a month" if price else str(row["name"])
