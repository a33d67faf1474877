"""The page about periodic work names the jobs and settings there are, and its code runs."""

import re

from celery import Celery, current_app
from django.apps import AppConfig

from saaskit_django.celery import recommended
from saaskit_django.jobs import BUILT_IN, Job
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "howto" / "workers.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def run(block):
    names = {"__name__": "page"}
    exec(compile(block, "workers.md", "exec", dont_inherit=True), names)
    return names


def test_an_app_declares_its_jobs_as_the_page_says():
    config = run(BLOCKS[0])["ShopConfig"]
    assert issubclass(config, AppConfig)
    assert [type(job) for job in config.saaskit_jobs] == [Job]


def test_the_hosts_app_takes_over_settings_and_schedule():
    before = current_app._get_current_object()
    try:
        page = run(BLOCKS[1])  # Kept: signals forget receivers that nobody holds.
        app = page["app"]
        assert isinstance(app, Celery)
        app.finalize()
        assert app.conf.worker_prefetch_multiplier == 1
        assert "saaskit.auto_renew_subscriptions" in app.conf.beat_schedule
    finally:
        before.set_current()


def test_the_jobs_on_the_page_are_those_that_there_are():
    assert re.findall(r"^\| `(\w+)` \| (?:minute|hour|\d+ \w+) \|", PAGE, re.MULTILINE) == [
        job.name for job in BUILT_IN
    ]


def test_the_settings_on_the_page_are_those_that_are_recommended():
    for broker in ("amqp://", "redis://"):
        settings = recommended(broker_url=broker)
        assert f"{settings['task_time_limit']}, {settings['task_soft_time_limit']}" in PAGE
        for name in settings["broker_transport_options"].keys() - {"socket_connect_timeout"}:
            assert f"`{name}`" in PAGE


def test_every_check_of_celery_is_documented():
    source = (ROOT / "saaskit_django" / "renewals" / "checks.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    for found in set(re.findall(r"saaskit\.[EW]\d+", source)):
        assert f"| `{found}` |" in page
