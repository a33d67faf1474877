"""The site of processes that a proof starts: the test's own database, sandbox and broker."""

from __future__ import annotations

import os

from celery import Celery

import saaskit_django.celery
from tests.projects.full.settings import *  # noqa: F403
from tests.projects.full.settings import DATABASES, SAASKIT

DATABASES["default"]["NAME"] = os.environ["PROOF_DATABASE"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SAASKIT = {
    **SAASKIT,
    "PROVIDERS": {"sandbox": {"type": "sandbox", "path": os.environ["PROOF_SANDBOX"]}},
    "DISPATCH": "worker",
}

broker = os.environ.get("PROOF_BROKER", "memory://")
app = Celery("proof", broker=broker)
app.conf.update(saaskit_django.celery.recommended(broker_url=broker))
app.conf.update(task_default_queue=os.environ.get("PROOF_QUEUE", "celery"))
app.conf.beat_schedule = {
    "deliver": {"task": "saaskit.deliver_outbox", "schedule": 0.5},
}
app.autodiscover_tasks(["saaskit_django.renewals", "saaskit_django.outbox"])
