import json
from pathlib import Path

import pytest

from saaskit_core import cli
from saaskit_core.catalog.schema import catalog_schema, schema_text

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "catalogs" / "demo.yaml"
SCHEMA = ROOT / "docs" / "reference" / "catalog.schema.json"
HEADER = "subscription_id,plan,frequency,currency,quantity,amount\n"
ROWS = "1,pro,Monthly,USD,2,\n2,business,Yearly,USD,,\n3,pro,Monthly,EUR,,\n"


def run(capsys, *argv):
    code = cli.main(("plan", *map(str, argv)))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def file(tmp_path):
    def write(text, name):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def cheaper(file):
    text = DEMO.read_text(encoding="utf-8")
    return file(text.replace('Monthly: {USD: "29.00"', 'Monthly: {USD: "26.10"'), "new.yaml")


def test_the_committed_schema_is_current(capsys):
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()
    code, out, _ = run(capsys, "schema")
    assert (code, out) == (0, schema_text())


def test_the_schema_says_what_the_reader_insists_on():
    schema = catalog_schema()
    assert schema["additionalProperties"] is False
    plan = schema["$defs"]["PlanDocument"]
    assert plan["required"] == ["key", "name"]
    amounts = plan["properties"]["prices"]["additionalProperties"]["additionalProperties"]
    assert {"type": "integer", "minimum": 0} in amounts["anyOf"]
    assert all(each.get("type") != "number" for each in amounts["anyOf"])


def test_lint_of_a_good_catalogue(capsys):
    assert run(capsys, "lint", DEMO) == (0, "0 errors, 0 warnings\n", "")


def test_lint_names_file_line_and_code(capsys, file):
    path = file("plans:\n  - {key: pro, name: Pro}\n  - {key: pro, nam: Pro}\n", "c.yaml")
    code, out, _ = run(capsys, "lint", path)
    assert code == 1
    assert out.startswith(f"{path}:3: error [")
    assert "[unknown_key] plans[1].nam: there is no key 'nam' here (did you mean 'name'?" in out
    assert out.endswith("2 errors, 0 warnings\n")


def test_a_warning_alone_is_exit_code_zero(capsys, file):
    path = file("plans:\n  - {key: pro, name: Pro}\n", "c.yaml")
    code, out, _ = run(capsys, "lint", path)
    assert (code, out.splitlines()[-1]) == (0, "0 errors, 1 warning")


def test_lint_as_json(capsys, file):
    path = file('{"plans": [{"key": "pro", "name": "Pro", "prices": {"Monthly": {"USD": 9.9}}}]}',
                "c.json")  # fmt: skip
    code, out, _ = run(capsys, "lint", path, "--json")
    found = json.loads(out)
    assert (code, found["errors"], found["warnings"]) == (1, 1, 0)
    (finding,) = found["findings"]
    assert (finding["severity"], finding["code"], finding["line"]) == ("error", "wrong_value", 1)
    assert finding["where"] == "plans[0].prices.Monthly.USD"


@pytest.mark.parametrize(
    ("verb", "said"), [("lint", "No such file"), ("diff", "No such file"), ("binary", "not UTF-8")]
)
def test_a_file_that_cannot_be_read_is_named(capsys, file, verb, said):
    path = file(b"\xff\xfe", "c.yaml") if verb == "binary" else "/nowhere/c.yaml"
    argv = ("diff", path, path) if verb == "diff" else ("lint", path)
    code, out, err = run(capsys, *argv)
    assert (code, out, f"{path} can't be read" in err, said in err) == (1, "", True, True)


def test_diff_of_a_catalogue_with_itself(capsys, file):
    rows = file(HEADER + ROWS, "s.csv")
    code, out, _ = run(capsys, "diff", DEMO, DEMO, "--subscriptions", rows)
    assert code == 0
    assert out.startswith("no difference\nThis change alters 0 of 3 subscriptions")


def test_diff_says_what_it_alters(capsys, file, cheaper):
    rows = file(HEADER + ROWS, "s.csv")
    code, out, _ = run(capsys, "diff", DEMO, cheaper, "--subscriptions", rows)
    assert code == 0
    assert "changed price pro/Monthly/USD: 29.00 USD → 26.10 USD" in out
    assert (
        "This change alters 1 of 3 subscriptions, MRR +0.00 % (27.00 EUR → 27.00 EUR),"
        " MRR −4.13 % (140.50 USD → 134.70 USD)." in out
    )


def test_diff_as_json(capsys, file, cheaper):
    rows = file(HEADER + ROWS, "s.csv")
    options = ("--subscriptions", rows, "--price-change", "never", "--json")
    code, out, _ = run(capsys, "diff", DEMO, cheaper, *options)
    found = json.loads(out)
    assert code == 0
    assert found["differences"][0]["part"] == "price"
    assert found["impact"]["grandfathered"] == 1
    assert found["impact"]["mrr"]["USD"]["percent"] == "0.00"
    assert found["impact"]["mrr"]["USD"]["before_exact_minor"] == "14050"
    assert json.loads(run(capsys, "diff", DEMO, cheaper, "--json")[1])["impact"] is None


BAD = {
    "4,pro,Never,USD,,": "the frequency is 'Never'",
    "4,gold,Monthly,USD,,": "the old catalogue has no Monthly price of 'gold' in USD",
    "4,pro,Monthly,USD,x,": "the quantity is 'x'",
    "4,pro,Monthly,USD,,-1": "the amount -1 is negative",
    "4,pro,Monthly,USD,,9.999": "9.999 is not an amount of money: USD has 2 decimals",
    ",pro,Monthly,USD,,": "subscription_id is empty",
    "4,,Monthly,USD,,1": "plan is empty",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_of_the_subscriptions_is_named(capsys, file, cheaper, row):
    rows = file(HEADER + ROWS + row + "\n", "s.csv")
    code, out, err = run(capsys, "diff", DEMO, cheaper, "--subscriptions", rows)
    assert (code, out) == (1, "")
    assert f"{rows}, line 5: {BAD[row]}" in err
    code, out, err = run(capsys, "diff", DEMO, cheaper, "--subscriptions", rows, "--skip-bad")
    assert (code, "alters 1 of 3" in out, "1 bad line" in out) == (0, True, True)


def test_a_catalogue_with_mistakes_is_not_compared(capsys, file):
    bad = file("plans: 3", "bad.yaml")
    code, out, err = run(capsys, "diff", DEMO, bad)
    assert (code, out, "can't be used" in err) == (1, "", True)


def test_without_a_verb_it_says_which_there_are(capsys):
    code, _, err = run(capsys)
    assert (code, "lint|diff|schema" in err) == (2, True)
