"""The story from beginning to end. What a catalogue lacks is left out, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.demo.story import (
    access,
    closing,
    dunning,
    opening,
    purchase,
    refund,
    second_customer,
    upgrade,
)

if TYPE_CHECKING:
    from examples.demo.story.scene import Scene


def prepare(scene: Scene) -> None:
    """Tell what comes before the server is needed."""
    scene.story.chapter("A new site")
    opening.migrate(scene)
    opening.import_plans(scene)


def tell(scene: Scene) -> None:
    """Tell the rest, over HTTP."""
    opening.list_plans(scene)
    opening.admin_signs_in(scene)
    _ada(scene)
    scene.story.chapter("How much, how often")
    access.limit(scene)
    _bob(scene)
    scene.story.chapter("The books")
    closing.recurring_revenue(scene)
    closing.invariants(scene)


def _ada(scene: Scene) -> None:
    main, dearer = scene.cast.main, scene.cast.dearer
    scene.story.chapter("Ada subscribes")
    if main is None:
        why = "the catalogue has no paid plan in the product group main"
        scene.story.leave_out("A subscription, its invoices and payments", why)
        return
    ada = purchase.subscribe(scene, main)
    purchase.read_invoice(scene, main)
    purchase.read_receipt(scene)
    purchase.redeliver(scene)
    scene.story.chapter("What the plan includes")
    access.features(scene, ada, main)
    scene.story.chapter("An upgrade in mid-period")
    if dearer is None:
        scene.story.leave_out("An upgrade", "the catalogue has no dearer plan in this currency")
    else:
        upgrade.upgrade(scene, ada, dearer)
        upgrade.opened(scene, ada, dearer)
    scene.story.chapter("A renewal that fails, and recovers")
    draft = dunning.fail(scene, ada)
    dunning.retry(scene, ada, draft)
    dunning.recover(scene, ada, draft)
    scene.story.chapter("A refund")
    refund.refund(scene, ada)


def _bob(scene: Scene) -> None:
    second, cheaper = scene.cast.second, scene.cast.cheaper
    scene.story.chapter("Bob pays step by step")
    if second is None:
        why = "the catalogue has no paid plan in the product group main"
        if scene.cast.main is not None:
            why = "every paid plan begins with a trial, and there is no free plan to come from"
        scene.story.leave_out("A payment step by step", why)
        return
    bob = second_customer.register(scene, second)
    transaction_id = second_customer.intend(scene, bob, second)
    second_customer.decline(scene, bob, second, transaction_id)
    second_customer.pay(scene, bob, second)
    if cheaper is None:
        scene.story.leave_out("Credit in the wallet", "there is no cheaper plan to change to")
        return
    second_customer.downgrade(scene, bob, cheaper)
    second_customer.renew(scene, bob)
