"""Chapter three: what a plan allows, what it denies, and how often."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from examples.demo.cast import Offer
from saaskit_core.features import FeatureSet, Grant, compile_features
from saaskit_django.plans.selectors import feature_definitions

if TYPE_CHECKING:
    from examples.demo.steps import Step
    from examples.demo.story.scene import Person, Scene
    from saaskit_core.plans import Plan

TRIES = 2
"""An hour may end in the midst of the calls; then they are counted anew, once."""

TOM = "Tom Tester"


def features(scene: Scene, ada: Person, main: Offer) -> None:
    """Show one feature allowed and one denied, on a view of the host's own."""
    cast = scene.cast
    with scene.story.step(f"What {main.plan.name} includes, resolved for Ada") as step:
        answer = ada.api.get(step, "/api/core/features/").json
        step.check("plan", answer["plan"]["key"], main.plan.key)
        step.check("features", answer["features"], _compiled(main).document())
        step.say(f"{_leaves(answer['features'])} features, exactly as the core compiles them")
    if not cast.allowed:
        scene.story.leave_out("A feature allowed", "the plan grants none")
    else:
        with scene.story.step(f"{cast.allowed}: allowed") as step:
            ada.api.get(step, f"/export/{cast.allowed}/")
            step.say("a view of the host's own, guarded by requires_feature(…)")
    if not cast.denied:
        scene.story.leave_out("A feature denied", "the plan grants every one")
    else:
        with scene.story.step(f"{cast.denied}: denied") as step:
            refused = ada.api.get(step, f"/export/{cast.denied}/", expect=403)
            step.check("code", refused.json["code"], "feature_not_in_plan")
            step.check("type", refused.headers["content-type"], "application/problem+json")
            step.say(f"403: {refused.json['detail']}")


def limit(scene: Scene) -> None:
    """Call until the plan's limit is reached."""
    if scene.cast.limited is None:
        why = "no plan that costs nothing at first has a limit of calls per hour that is low enough"
        scene.story.leave_out("A limit reached", why)
        return
    plan, quota = scene.cast.limited
    with scene.story.step(f"Tom has {plan.name}: {quota} calls per hour, and uses them up") as step:
        _enter_tom(scene, step, plan)
        tom = scene.people[TOM]
        for _ in range(TRIES):
            made, reset_at = _use_up(tom, step, quota)
            if reset_at == _calls(tom, step)["resets_at"]:
                break
        step.check("calls until the limit", made, quota)
    with scene.story.step("The next call is refused: 429, with Retry-After") as step:
        refused = tom.api.get(step, "/api/core/features/", expect=429)
        step.check("type", refused.headers["content-type"], "application/problem+json")
        step.check("code", refused.json["code"], "quota_exceeded")
        wait = refused.headers["retry-after"]
        step.check_that("Retry-After is within the next two hours", 0 < int(wait) <= 7200)
        step.check_that("asking where the limit stands is free", _calls(tom, step))
        step.say(f"{refused.json['detail']} Retry-After: {wait} s")


def _enter_tom(scene: Scene, step: Step, plan: Plan) -> None:
    price = next(
        price for price in plan.prices if price.is_recurring and (price.is_free or plan.trial_days)
    )
    scene.enter(step, TOM, offer=Offer(plan=plan, price=price))


def _use_up(tom: Person, step: Step, quota: int) -> tuple[int, str]:
    """Call until nothing remains; returns how many calls are counted, and until when."""
    state = _calls(tom, step)
    for _ in range(state["remaining"]):
        tom.api.get(step, "/api/core/features/", is_shown=False)
    return quota - _calls(tom, step)["remaining"], state["resets_at"]


def _calls(person: Person, step: Step) -> dict[str, Any]:
    path = "/api/core/subscription/limits/?check_type=api_limit"
    found: dict[str, Any] = person.api.get(step, path, is_shown=False).json
    state: dict[str, Any] = found["limits"]["api_limit"]
    return state


def _compiled(offer: Offer) -> FeatureSet:
    """Compile a plan's features by the core, with all definitions that this site has."""
    grant = Grant(plan=offer.plan.key, features=offer.plan.features)
    return compile_features(feature_definitions(), grants=[grant], now=datetime.now(UTC))


def _leaves(document: object) -> int:
    if isinstance(document, dict):
        return sum(_leaves(each) for each in document.values())
    return 1
