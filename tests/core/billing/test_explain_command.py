"""`saaskit explain`: a file of facts in, an answer out, and every mistake in the file named."""

import json

import pytest

from saaskit_core import cli
from saaskit_core.billing.histories import BadHistory, build_history, parse_history
from saaskit_core.billing.quotes import InvoiceKind
from saaskit_core.subscriptions.explaining import explain
from saaskit_core.subscriptions.states import SubscriptionStatus
from tests.core.billing_builders import at

CATALOG = {
    "plans": [
        {"key": "pro", "name": "Pro", "prices": {"Monthly": {"USD": "29.00"}}},
        {"key": "storage", "name": "Storage", "prices": {"Monthly": {"USD": "5.00"}}},
    ],
    "coupons": [{"code": "HALF", "percent": "50", "duration": "repeating", "months": 1}],
}
STORY = {
    "subscription": {
        "at": "2024-01-31",
        "is_paid": True,
        "price": {"plan": "pro", "amount": "29.00"},
        "add_ons": [{"price": {"plan": "storage", "amount": "5.00"}, "quantity": 3}],
    },
    "log": [
        {
            "at": "2024-02-10",
            "fact": "ChangeRequested",
            "actor": "customer",
            "with": {"quantity": 2},
        },
        {"at": "2024-02-10T01:00:00", "fact": "ChangePaid", "actor": "provider"},
        {"at": "2024-02-29", "fact": "PeriodEnded", "status": "RenewalPending"},
        {"at": "2024-02-29T00:05:00", "fact": "PaymentFailed", "actor": "provider"},
    ],
}


@pytest.fixture
def write(tmp_path):
    def written(content, name="story.json"):
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return written


def run(capsys, *argv):
    code = cli.main(["explain", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_answers_why_he_cannot_get_in_and_why_he_was_billed(capsys, write):
    code, out, _ = run(capsys, write(STORY), "--at", "2024-03-10")
    assert code == 0
    assert out.startswith(
        "2024-03-10 00:00 UTC: Suspended (payment), no access\nWhy: By 2024-03-07"
    )
    assert (
        "a change to pro at 29.00 USD × 2, storage at 5.00 USD × 3 was asked for by customer" in out
    )
    assert "Charge: 58.00 USD × 19/29" in out
    assert "       15.00  storage, Monthly: 5.00 USD × 3 = 15.00 USD" in out


def test_as_json(capsys, write):
    code, out, _ = run(capsys, write(STORY), "--at", "2024-03-01", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["status"], found["access"]) == ("RenewalPending", True)
    assert found["access_until"] == "2024-03-07T00:00:00+00:00"
    assert [bill["total"] for bill in found["bills"]] == ["19.00", "73.00"]
    assert [bill["state"] for bill in found["bills"]] == ["paid", "open"]
    assert found["story"][-1]["is_logged"] is False


def test_prices_and_coupons_of_a_catalogue(capsys, write):
    write(CATALOG, "catalog.json")
    told = {
        "catalog": "catalog.json",
        "coupons": ["half"],
        "subscription": {
            "at": "2024-01-31",
            "price": {"plan": "pro"},
            "add_ons": [{"price": {"plan": "storage"}}],
        },
        "log": [
            {"at": "2024-01-31T00:01:00", "fact": "PaymentSucceeded"},
            {"at": "2024-02-29", "fact": "PeriodEnded"},
        ],
    }
    _, out, _ = run(capsys, write(told), "--at", "2024-02-29", "--json")
    assert [bill["total"] for bill in json.loads(out)["bills"]] == ["17.00", "34.00"]
    beside = write(CATALOG, "other.json")
    del told["catalog"]
    code, _, _ = run(capsys, write(told), "--at", "2024-02-29", "--catalog", beside)
    assert code == 0


def test_a_new_version_now_is_a_bill_too(capsys, write):
    newer = {"plan": "pro", "amount": "39.00", "version": 2}
    fact = {"fact": "PriceRevised", "with": {"price": newer, "policy": "now"}}
    told = {**STORY, "log": [{"at": "2024-02-10", **fact}]}
    _, out, _ = run(capsys, write(told), "--at", "2024-02-10", "--json")
    (bill,) = json.loads(out)["bills"]
    assert (bill["kind"], bill["total"]) == ("change", "6.55")


def test_everything_a_fact_may_hold():
    told = {
        "policies": {"grace_days": 3, "dunning_days": [1, 2]},
        "subscription": {
            "at": "2024-06-01T12:00:00+02:00",
            "price": {"plan": "pro", "amount": "10.00", "every": 30, "unit": "day"},
            "starts_at": "2024-06-02",
            "trial_days": 5,
            "zone": "Europe/Paris",
        },
        "log": [
            {"at": "2024-06-02", "fact": "StartReached", "status": "Trial"},
            {"at": "2024-06-03", "fact": "Extended", "with": {"to": "2024-06-20", "reason": "so"}},
            {"at": "2024-06-20", "fact": "TrialEnded", "with": {"has_method": True}},
            {"at": "2024-06-20T00:01:00", "fact": "PaymentActionRequired", "with": {"attempt": 0}},
            {"at": "2024-06-20T00:02:00", "fact": "PaymentSucceeded", "status": "Active",
             "reason": ""},
            {"at": "2024-06-21", "fact": "CancelRequested",
             "with": {"when": "at", "at": "2024-06-25", "reason": "merchant", "unused": "none"}},
            {"at": "2024-06-22", "fact": "Uncancelled"},
            {"at": "2024-06-23", "fact": "Paused", "with": {"starts_at": "2024-06-24",
                                                            "resumes_at": None}},
            {"at": "2024-06-24", "fact": "PauseReached", "status": "Suspended",
             "reason": "paused"},
            {"at": "2024-06-24", "fact": "ProviderReported",
             "with": {"status": "Active", "period": ["2024-06-24", "2024-06-30"], "version": 2}},
        ],
    }  # fmt: skip
    history = build_history(parse_history(json.dumps(told)))
    assert history.policies.grace_days == 3
    explained = explain(history.entries, now=at("2024-06-24"), policies=history.policies)
    assert explained.subscription.status is SubscriptionStatus.SUSPENDED
    assert [bill.issue.kind for bill in explained.bills] == [InvoiceKind.FIRST]


def changed(**fields):
    return {**STORY, **fields}


def entry(**fields):
    return changed(log=[{"at": "2024-02-10", "fact": "Uncancelled", **fields}])


def start(**fields):
    return changed(subscription={**STORY["subscription"], **fields})


BAD = {
    "no json": ("{", "the file: it is not JSON"),
    "a list": ("[]", "the file: keys with values are expected here"),
    "no subscription": ("{}", "subscription: 'subscription' is missing"),
    "unknown key": (changed(colour=1), "colour: there is no key 'colour' here (allowed: "),
    "a float amount": (start(price={"plan": "pro", "amount": 29.0}), "decimal string"),
    "decimals": (start(price={"plan": "pro", "amount": "29.001"}), "USD has 2 decimals"),
    "currency": (start(price={"plan": "pro", "amount": "1", "currency": "usd"}), "ISO 4217"),
    "frequency": (start(price={"plan": "p", "amount": "1", "frequency": "Daily"}), "frequency"),
    "contradiction": (
        start(price={"plan": "p", "amount": "1", "frequency": "Monthly", "unit": "year"}),
        "has its own interval"),
    "count": (start(price={"plan": "p", "amount": "1", "unit": "day", "every": 0}), "1 to 1000"),
    "no such plan": (start(price={"plan": "gold"}), "there is no plan 'gold' in the catalogue"),
    "other currency": (
        start(add_ons=[{"price": {"plan": "x", "amount": "1", "currency": "EUR"}}]),
        "its price is in EUR"),
    "a fraction of seats": (
        start(quantity=1.5), "subscription.quantity: a whole number is expected here"),
    "too many seats": (start(quantity=10**7), "the quantity is a whole number"),
    "zone": (start(zone="Mars"), "Mars is not a time zone"),
    "date": (start(at="yesterday"), "subscription: 'yesterday' is not an ISO 8601 date"),
    "year 9999": (start(at="9999-12-30"), "outside the years"),
    "policy": (changed(policies={"refunds": 1}), "there is no policy 'refunds'"),
    "policy value": (changed(policies={"grace_days": -1}), "grace_days"),
    "policy type": (changed(policies={"dunning_days": 3}), "use a list of days"),
    "coupon": (changed(coupons=["X"]), "coupons: there is no coupon 'X'"),
    "no such fact": (entry(fact="Renewed"), "log.0: there is no fact 'Renewed'; there are"),
    "no such field": (entry(**{"with": {"to": "2024"}}), "Uncancelled has no 'to'; it has nothing"),
    "field missing": (entry(fact="Extended"), "log.0: Extended needs"),
    "value": (entry(fact="CancelRequested", **{"with": {"when": "soon"}}), "when can't be 'soon'"),
    "instant": (entry(fact="Extended", **{"with": {"to": "soon"}}), "'soon' is not an ISO 8601"),
    "add-ons": (entry(fact="ChangeRequested", **{"with": {"add_ons": 3}}), "add_ons can't be '3'"),
    "add-on": (
        entry(fact="ChangeRequested", **{"with": {"add_ons": [{}]}}), "add_ons.price: 'price' is"),
    "period": (entry(fact="ProviderReported", **{"with": {"status": "Active", "period": ["2024"]}}),
               "period can't be"),
    "impossible": (entry(), "Withdrawing a cancellation is not possible"),
    "order": (changed(log=[{"at": "2024-01-01", "fact": "PeriodEnded"}]), "earlier than the entry"),
    "contradicts the rules": (
        entry(fact="PeriodEnded", at="2024-02-29", status="Active"),
        "it says Active, the rules say RenewalPending (retrying)"),
    "a key that is none": (
        entry(fact="PaymentSucceeded", **{"with": {"invoice_key": 7}}), "invoice_key can't be '7'"),
    "an attempt in words": (
        entry(fact="PaymentFailed", **{"with": {"attempt": "one"}}), "attempt can't be 'one'"),
    "a float": (
        entry(fact="ChangeRequested", **{"with": {"quantity": 1.5}}), "quantity can't be '1.5'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named(capsys, write, name):
    content, said = BAD[name]
    code, out, err = run(capsys, write(content), "--at", "2024-03-10")
    assert (code, out) == (1, "")
    assert said in err


def test_files_that_cannot_be_read(capsys, write, tmp_path):
    code, _, err = run(capsys, str(tmp_path / "none.json"))
    assert (code, "can't be read" in err) == (1, True)
    path = tmp_path / "latin.json"
    path.write_bytes(b"\xe9\xe9")
    assert "not UTF-8" in run(capsys, str(path))[2]
    missing = write({**STORY, "catalog": "none.yaml"})
    assert "none.yaml: it can't be read" in run(capsys, missing)[2]
    assert "is not an ISO 8601 date" in run(capsys, write(STORY), "--at", "soon")[2]


def test_it_is_refused_before_anything_is_said():
    with pytest.raises(BadHistory):
        parse_history("nothing")


def test_what_changed_nothing_is_told_beside_the_answer(capsys, write):
    late = {"at": "2024-03-01", "fact": "PaymentFailed", "actor": "provider"}
    paid = {"at": "2024-03-01", "fact": "PaymentSucceeded", "actor": "provider"}
    story = changed(log=[*STORY["log"], paid, late])
    code, out, err = run(capsys, write(story), "--at", "2024-03-10", "--json")
    assert (code, err) == (0, "log.5: PaymentFailed changed nothing then, and is not in the log\n")
    assert json.loads(out)["status"] == "Active"
    assert run(capsys, write(STORY), "--at", "2024-03-10")[2] == ""
