import json
import tracemalloc

import pytest

from saaskit_core import cli

HEADER = "subscription_id,customer_id,currency,amount,frequency,quantity,started_at,ended_at\n"
ROWS = (
    "s1,c1,USD,100.00,Monthly,,2024-01-01,\n"
    "s2,c1,USD,600.00,Yearly,2,2024-02-01,2024-05-01\n"
    "s3,c2,JPY,500,Monthly,1,2024-03-01T00:00:00+09:00,\n"
)


def run(capsys, *argv):
    code = cli.main(("mrr", *argv))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def csv(tmp_path):
    def write(text):
        path = tmp_path / "lines.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def found(capsys, path, *options):
    code, out, err = run(capsys, path, "--at", "2024-06-15", "--json", *options)
    assert (code, err) == (0, "")
    return json.loads(out)


GOOD = HEADER + ROWS


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD.replace(",", ";").replace("\n", "\r\n"),
        GOOD.replace("c1", '"c\n1"'),
        GOOD.replace("\ns2", "\n\n\ns2"),
        GOOD.replace("Monthly,", " Monthly ,").replace(",amount", ", amount"),
        GOOD.rstrip("\n"),
    ],
    ids=["plain", "bom", "semicolons", "tabs", "crlf", "excel", "quoted_newline", "blank_lines",
         "spaces", "no_last_newline"],
)  # fmt: skip
def test_what_spreadsheets_write_is_read(capsys, csv, text):
    whole = found(capsys, csv(text), "--movements")
    assert whole["mrr"]["USD"]["amount"] == "100.00"
    assert whole["arr"]["JPY"]["amount"] == "6000"
    assert whole["movements"]["USD"]["contraction"]["amount"] == "-100.00"


def test_a_bad_row_is_named_by_the_line_it_begins_on(capsys, csv):
    bad = 's4,"c\n\n4",USD,abc,Monthly,1,2024-01-01,\n'
    path = csv(HEADER + ROWS.replace("c1", '"c\n1"') + bad + "s5,c,USD,1,Never,1,2024-01-01,\n")
    code, out, err = run(capsys, path, "--skip-bad")
    assert f"{path}, line 7: 'abc' is not an amount" in err
    assert f"{path}, line 10: the frequency is 'Never'" in err
    assert (code, "2 bad lines skipped" in out) == (0, True)


def test_a_line_that_is_no_utf_8_is_one_bad_line(capsys, csv):
    path = csv(GOOD.encode() + b"s4,c\xff4,USD,1,Monthly,1,2024-01-01,\n" + ROWS.encode())
    code, _, err = run(capsys, path)
    assert (code, f"{path}, line 5: it is not UTF-8 text" in err) == (1, True)
    code, out, _ = run(capsys, path, "--skip-bad", "--at", "2024-06-01")
    assert (code, "200.00 USD" in out) == (0, True)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("quantity", "currency"), "a column is there twice"),
        ('"subscription_id"x,\n', "it is not CSV"),
    ],
)
def test_a_header_that_cannot_be_is_refused(capsys, csv, header, said):
    code, out, err = run(capsys, csv(header + ROWS), "--skip-bad")
    assert (code, out, said in err) == (1, "", True)


def test_columns_that_are_left_out_have_their_usual_value(capsys, csv):
    path = csv("amount,currency,frequency,started_at,customer_id,subscription_id\n"
               "1.00,USD,Monthly,2024-01-01,c,s\n")  # fmt: skip
    assert found(capsys, path)["mrr"]["USD"]["amount"] == "1.00"


def test_the_months_are_listed_with_their_rates(capsys, csv):
    months = found(capsys, csv(GOOD), "--movements", "--months", "3")["months"]["USD"]
    assert [month["month"] for month in months] == ["2024-04", "2024-05", "2024-06"]
    may = months[1]
    assert may["contraction"] == {"amount": "-100.00", "exact_minor": "-10000"}
    assert (may["opening"]["amount"], may["closing"]["amount"]) == ("200.00", "100.00")
    assert (may["nrr"], may["grr"], may["customer_churn_rate"]) == ("0.500000",) * 2 + ("0.000000",)
    assert (may["arpu"]["amount"], may["ltv"]) == ("100.00", None)


def test_the_months_are_shown_to_people(capsys, csv):
    only_dollars = HEADER + ROWS[: ROWS.index("s3")]
    _, out, _ = run(capsys, csv(only_dollars), "--movements", "--months", "2", "--at", "2024-05-20")
    (may,) = [
        line for line in out.splitlines() if line.startswith("2024-05  ") and "0.00 %" in line
    ]
    assert may.split() == [
        "2024-05",
        "0.00",
        "0.00",
        "-100.00",
        "0.00",
        "0.00",
        "100.00",
        "0.00",
        "%",
    ]


def test_what_comes_later_is_not_known_yet(capsys, csv):
    _, out, _ = run(capsys, csv(GOOD), "--movements", "--at", "2024-04-15", "--json")
    whole = json.loads(out)
    assert whole["movements"]["USD"]["contraction"]["amount"] == "0.00"
    assert whole["months"]["USD"][-1]["closing"] == whole["mrr"]["USD"]


def test_months_begin_in_the_zone_that_is_asked_for(capsys, csv):
    path = csv(GOOD)
    in_utc, in_tokyo = (
        found(capsys, path, "--movements", "--zone", zone)["months"]["JPY"]
        for zone in ("UTC", "Asia/Tokyo")
    )
    assert [each["month"] for each in in_utc if each["new"]["amount"] == "500"] == ["2024-02"]
    assert [each["month"] for each in in_tokyo if each["new"]["amount"] == "500"] == ["2024-03"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--months", "0"), "--months 0 is not possible: it is 1 to 1200."),
        (("--zone", "Mars"), "Mars is not a time"),
    ],
)
def test_impossible_months_are_refused(capsys, csv, options, said):
    code, _, err = run(capsys, csv(GOOD), *options)
    assert (code, said in err) == (1, True)


def test_memory_does_not_grow_with_the_file(capsys, tmp_path):
    path = tmp_path / "many.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(60_000):
            file.write(
                f"s{number},c{number % 20_000},USD,9.99,Monthly,1,2024-01-{number % 28 + 1:02},\n"
            )
    tracemalloc.start()
    code, out, _ = run(capsys, str(path), "--movements", "--at", "2024-06-01")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (code, "599400.00 USD" in out) == (0, True)
    assert peak < 20 * 2**20
