from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.notifications import (
    BILLING,
    KINDS,
    SECURITY,
    SYSTEM,
    Digest,
    InvalidKind,
    InvalidQuietHours,
    Kind,
    MandatoryNotification,
    NotificationChannel,
    Preferences,
    QuietHours,
    SkipReason,
    TemplatedMessage,
    batches,
    language_for,
    route,
)
from saaskit_core.notifiers import Channel
from saaskit_core.periods import UnknownTimeZone, zone

EMAIL, SMS, PUSH, IN_APP, WEBSOCKET = NotificationChannel
ALL = frozenset(NotificationChannel)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
LOUD = Kind(name="loud", channels=ALL)
QUIET = QuietHours(starts=time(22), ends=time(7, 30))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]


def sent(kind, preferences, now=NOON, **given_):
    message = TemplatedMessage(key="m1", kind=kind, template="t", **given_)
    return {each.channel: each for each in route(message, preferences, now).deliveries}


def skipped(kind, preferences, **given_):
    message = TemplatedMessage(key="m1", kind=kind, template="t", **given_)
    return {each.channel: each.reason for each in route(message, preferences, NOON).skipped}


def test_every_channel_of_a_notifier_is_one():
    assert {each.value for each in Channel} < {each.value for each in NotificationChannel}


def test_a_kind_goes_where_it_is_meant_for_at_once():
    found = sent(SYSTEM, Preferences())
    assert set(found) == {EMAIL, IN_APP}
    assert {each.send_at for each in found.values()} == {NOON}
    assert found[EMAIL].key == "m1:email"


def test_what_is_switched_off_or_has_no_address_is_named():
    off = Preferences().switched(LOUD, IN_APP, is_on=False)
    assert set(sent(LOUD, off)) == {EMAIL, WEBSOCKET}
    assert skipped(LOUD, off) == {
        IN_APP: SkipReason.SWITCHED_OFF,
        SMS: SkipReason.NO_ADDRESS,
        PUSH: SkipReason.NO_ADDRESS,
    }


def test_a_channel_beyond_the_kinds_own_can_be_switched_on():
    more = Preferences(addressed=ALL).switched(SYSTEM, SMS, is_on=True)
    assert set(sent(SYSTEM, more)) == {EMAIL, SMS, IN_APP}
    assert set(sent(SYSTEM, more, channels=frozenset({PUSH}))) == {PUSH}


@pytest.mark.parametrize("kind", [SECURITY, BILLING])
def test_security_and_billing_cant_be_switched_off(kind):
    with pytest.raises(MandatoryNotification):
        Preferences().switched(kind, EMAIL, is_on=False)
    stored = Preferences(choices={(kind.name, EMAIL): False, (kind.name, IN_APP): False})
    assert set(sent(kind, stored)) == {EMAIL, IN_APP}
    assert set(sent(kind, stored, channels=frozenset({IN_APP}))) == {EMAIL, IN_APP}
    assert not Preferences().switched(kind, SMS, is_on=False).wants(kind, SMS)


def test_a_mandatory_one_is_shown_in_the_product_when_nothing_else_reaches_him():
    mailed = Kind(name="legal", channels=frozenset({EMAIL}), mandatory_on=frozenset({EMAIL}))
    nobody = Preferences(addressed=frozenset())
    assert set(sent(mailed, nobody)) == {IN_APP}
    assert skipped(mailed, nobody) == {EMAIL: SkipReason.NO_ADDRESS}


def test_quiet_hours_hold_back_the_loud_channels_until_they_end():
    asleep = Preferences(addressed=ALL, quiet_hours=QUIET)
    found = sent(LOUD, asleep, NIGHT)
    morning = datetime(2026, 6, 2, 7, 30, tzinfo=UTC)
    assert {c: each.send_at for c, each in found.items()} == {
        EMAIL: NIGHT,
        SMS: morning,
        PUSH: morning,
        IN_APP: NIGHT,
        WEBSOCKET: NIGHT,
    }
    urgent = Kind(name="urgent", channels=ALL, is_urgent=True)
    assert {each.send_at for each in sent(urgent, asleep, NIGHT).values()} == {NIGHT}


@pytest.mark.parametrize(
    ("tz", "now", "send_at"),
    [
        ("Europe/Berlin", (2026, 6, 1, 19, 59), (2026, 6, 1, 19, 59)),
        ("Europe/Berlin", (2026, 6, 1, 20), (2026, 6, 2, 5, 30)),
        ("Europe/Berlin", (2026, 6, 2, 5, 29, 59), (2026, 6, 2, 5, 30)),
        ("Europe/Berlin", (2026, 6, 2, 5, 30), (2026, 6, 2, 5, 30)),
        ("Europe/Berlin", (2026, 3, 28, 23), (2026, 3, 29, 5, 30)),
        ("America/New_York", (2026, 6, 1, 12), (2026, 6, 1, 12)),
    ],
)
def test_quiet_hours_are_of_the_users_own_clock(tz, now, send_at):
    asleep = Preferences(addressed=ALL, quiet_hours=QUIET, tz=tz)
    assert sent(LOUD, asleep, datetime(*now, tzinfo=UTC))[SMS].send_at == datetime(
        *send_at, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("digest", "now", "send_at"),
    [
        (Digest.HOURLY, (2026, 6, 1, 12, 20), (2026, 6, 1, 13)),
        (Digest.HOURLY, (2026, 6, 1, 12), (2026, 6, 1, 13)),
        (Digest.DAILY, (2026, 6, 1, 5, 59), (2026, 6, 1, 6)),
        (Digest.DAILY, (2026, 6, 1, 6), (2026, 6, 2, 6)),
        (Digest.WEEKLY, (2026, 6, 1, 5), (2026, 6, 1, 6)),
        (Digest.WEEKLY, (2026, 6, 1, 7), (2026, 6, 8, 6)),
    ],
)
def test_a_digest_is_sent_at_its_time(digest, now, send_at):
    gathered = Preferences(tz="Europe/Berlin", digests={"system": digest})
    found = sent(SYSTEM, gathered, datetime(*now, tzinfo=UTC))
    assert found[EMAIL].send_at == datetime(*send_at, tzinfo=UTC)
    assert found[EMAIL].batch
    assert (found[IN_APP].send_at, found[IN_APP].batch) == (datetime(*now, tzinfo=UTC), "")


def test_what_is_gathered_until_the_same_time_is_one_message():
    gathered = Preferences(digests={"system": Digest.DAILY, "billing": Digest.DAILY})
    found = []
    for number in range(3):
        for kind in (SYSTEM, BILLING):
            message = TemplatedMessage(key=f"{kind.name}{number}", kind=kind, template="t")
            found += route(message, gathered, NOON + timedelta(hours=number)).deliveries
    sizes = sorted(len(each) for each in batches(found).values())
    assert sizes == [1] * 9 + [3]


@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(NotificationChannel)),
        st.booleans(),
    ),
    st.frozensets(st.sampled_from(NotificationChannel)),
    st.sampled_from(ZONES),
    st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from(Digest),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_whatever_is_preferred(name, choices, addressed, tz, quiet, digest, now):
    kind = KINDS[name]
    hours = QuietHours(starts=quiet[0], ends=quiet[1])
    preferences = Preferences(
        choices=choices, addressed=addressed, tz=tz, quiet_hours=hours, digests={name: digest}
    )
    message = TemplatedMessage(key="m1", kind=kind, template="t")
    found = route(message, preferences, now)
    assert found == route(message, preferences, now)
    channels = [each.channel for each in found.deliveries] + [e.channel for e in found.skipped]
    assert len(channels) == len(set(channels))
    assert kind.channels <= set(channels)
    assert all(each.send_at >= now for each in found.deliveries)
    assert all(preferences.reach(each.channel) for each in found.deliveries)
    assert found.deliveries or not kind.is_mandatory
    for each in found.deliveries:
        assert preferences.wants(kind, each.channel)
        local = each.send_at.astimezone(zone(tz))
        is_second = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        if each.channel in hours.channels and not kind.is_urgent and not is_second:
            assert not hours.contain(each.send_at, tz=tz)


@pytest.mark.parametrize(
    ("wanted", "available", "language"),
    [
        (["es-MX"], ["en", "es"], "es"),
        (["ES_mx"], ["en", "es-MX"], "es-MX"),
        (["pt"], ["en", "pt-BR"], "pt-BR"),
        (["fr", "es"], ["en", "es"], "es"),
        (["fr"], ["en", "es"], "en"),
        ([], ["es", "en"], "es"),
        (["zh-Hant-TW"], ["en", "zh", "zh-Hant"], "zh-Hant"),
        (["fr"], [], "en"),
    ],
)
def test_the_language_is_the_best_there_is(wanted, available, language):
    assert language_for(wanted, available) == language
    assert sent(SYSTEM, Preferences(languages=tuple(wanted)), languages=tuple(available))[
        EMAIL
    ].language == (language)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InvalidKind):
        Kind(name="odd", channels=frozenset({EMAIL}), mandatory_on=frozenset({SMS}))
    with pytest.raises(InvalidQuietHours):
        QuietHours(starts=time(7), ends=time(7))
    with pytest.raises(InvalidQuietHours):
        QuietHours(starts=time(22, tzinfo=UTC), ends=time(7))
    with pytest.raises(UnknownTimeZone):
        Preferences(tz="Mars/Olympus")
