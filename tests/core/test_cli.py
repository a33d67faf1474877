import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from saaskit_core import cli
from tests.core import later_command

HEADER = "subscription_id,customer_id,currency,amount,frequency,quantity,started_at,ended_at\n"
GOOD = (
    "s1,c1,USD,100.00,Monthly,,2024-01-01,\n"
    "s2,c1,USD,600.00,Yearly,2,2024-02-01,2024-05-01\n"
    "s3,c2,JPY,500,Monthly,1,2024-03-01T00:00:00+09:00,\n"
)


def run(capsys, *argv):
    code = cli.main(argv)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def csv(tmp_path):
    def write(text, name="lines.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_quote_shows_the_lines(capsys):
    code, out, _ = run(
        capsys, "quote", "--from", "100", "--to", "300", "--started", "2024-06-01", "--at",
        "2024-06-16",
    )  # fmt: skip
    assert code == 0
    assert "upgrade, now-with-invoice" in out
    assert "100.00 USD × 1/2 (0.5) = 50.00 USD" in out
    assert "100.00  USD in all" in out


def test_quote_as_json(capsys):
    code, out, _ = run(
        capsys, "quote", "--from", "20", "--to", "5", "--timing", "now-with-credit", "--started",
        "2024-06-01", "--at", "2024-06-02T00:00:00+00:00", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert (code, found["total"], found["to_wallet"]) == (0, "0.00", "14.50")
    assert [line["total"] for line in found["lines"]] == ["-19.33", "4.83", "14.50"]


def test_quote_keeps_the_credit_in_words(capsys):
    _, out, _ = run(
        capsys, "quote", "--from", "20", "--to", "0", "--timing", "now-with-credit", "--started",
        "2024-06-01", "--at", "2024-06-16",
    )  # fmt: skip
    assert "10.00 USD stay as credit" in out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--from", "1.999"), "1.999 is not an amount of money: USD has 2 decimals"),
        (("--currency", "usd"), "usd is not an ISO 4217 currency"),
        (("--at", "yesterday"), "'yesterday' is not an ISO 8601 date"),
        (("--at", "2020-01-01"), "not within the period"),
        (("--zone", "Mars"), "Mars is not a time zone"),
        (("--quantity", "0"), "the quantity is a whole number"),
    ],
)
def test_quote_refuses_in_words(capsys, changed, said):
    given = {"--from": "10", "--to": "20", "--started": "2024-06-01", "--at": "2024-06-16"}
    given[changed[0]] = changed[1]
    code, out, err = run(capsys, "quote", *[word for pair in given.items() for word in pair])
    assert (code, out) == (1, "")
    assert said in err


def test_mrr(capsys, csv):
    code, out, err = run(capsys, "mrr", csv(HEADER + GOOD), "--at", "2024-04-01")
    assert (code, err) == (0, "")
    assert "500 JPY" in out
    assert "200.00 USD" in out


def test_mrr_as_json_with_movements(capsys, csv):
    code, out, _ = run(
        capsys, "mrr", csv(HEADER + GOOD), "--at", "2024-06-01T00:00:00+00:00", "--json",
        "--movements",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 0
    assert found["mrr"]["USD"] == {"amount": "100.00", "exact_minor": "10000"}
    assert found["movements"]["USD"]["contraction"]["amount"] == "-100.00"
    assert found["skipped"] == 0


def test_mrr_of_today_and_of_nothing(capsys, csv):
    code, out, _ = run(capsys, "mrr", csv(HEADER + GOOD), "--movements")
    assert (code, "contraction" in out) == (0, True)
    assert "nothing recurring" in run(capsys, "mrr", csv(HEADER))[1]


BAD = {
    "s,c,USD,abc,Monthly,1,2024-01-01,": "is not an amount of money",
    "s,c,USD,1.001,Monthly,1,2024-01-01,": "USD has 2 decimals",
    "s,c,USD,-1,Monthly,1,2024-01-01,": "is negative",
    "s,c,EURO,1,Monthly,1,2024-01-01,": "EURO is not an ISO 4217 currency code",
    "s,c,USD,1,monthly,1,2024-01-01,": "Allowed: Weekly, Monthly",
    "s,c,USD,1,One-Time,1,2024-01-01,": "One-Time is not recurring",
    "s,c,USD,1,Monthly,1.5,2024-01-01,": "the quantity is '1.5'",
    "s,c,USD,1,Monthly,0,2024-01-01,": "the quantity is '0'",
    "s,c,USD,1,Monthly,1,01/02/2024,": "'01/02/2024' is not a date",
    "s,c,USD,1,Monthly,1,2024-02-01,2024-01-01": "it must end after it starts",
    ",c,USD,1,Monthly,1,2024-02-01,": "subscription_id is empty",
    "s,c,USD,1": "another number of fields",
    "s,c,USD,1,Monthly,1,2024-02-01,,,": "another number of fields",
    's,c,USD,1,Monthly,1,2024-02-01,"x"y': "it is not CSV",
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_line_is_named(capsys, csv, row):
    path = csv(HEADER + GOOD + row + "\n" + GOOD)
    code, out, err = run(capsys, "mrr", path, "--at", "2024-04-01")
    assert (code, out) == (1, "")
    assert f"{path}, line 5: " in err
    assert BAD[row] in err
    code, out, err = run(capsys, "mrr", path, "--at", "2024-04-01", "--skip-bad")
    assert (code, "400.00 USD" in out, "1 bad line skipped" in out) == (0, True, True)
    assert err.startswith("skipped: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no header. Allowed: subscription_id, customer_id"),
        (HEADER.replace(",amount", ""), "the column amount is missing"),
        (
            "subscription_id,x\n",
            "the columns customer_id, currency, amount, frequency, started_at are",
        ),
        (HEADER.strip() + ",colour\n", "the column 'colour' is not known"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
    ],
)
def test_a_file_that_is_none_is_refused(capsys, csv, text, said):
    code, _, err = run(capsys, "mrr", csv(text))
    assert (code, said in err) == (1, True)


def test_a_file_with_a_byte_order_mark_is_read(capsys, csv):
    assert run(capsys, "mrr", csv(b"\xef\xbb\xbf" + (HEADER + GOOD).encode()))[0] == 0


def test_no_file_and_no_date(capsys, csv):
    code, _, err = run(capsys, "mrr", "/nowhere/at/all.csv")
    assert (code, "No such file" in err) == (1, True)
    code, _, err = run(capsys, "mrr", csv(HEADER), "--at", "soon")
    assert (code, "'soon' is not an ISO date" in err) == (1, True)


def test_help_lists_the_commands(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "quote" in out
    assert "mrr" in out
    assert run(capsys)[0] == 2
    assert run(capsys, "mrr", "--help")[0] == 0
    assert run(capsys, "mrr")[0] == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("qoute", "there is no command 'qoute'; did you mean 'quote'? 'saaskit --help' lists"),
        ("nonsense", "there is no command 'nonsense'; 'saaskit --help' lists them all"),
    ],
)
def test_an_unknown_command_is_named_with_the_nearest(capsys, typed, said):
    code, out, err = run(capsys, typed)
    assert (code, out) == (2, "")
    assert said in err


def test_the_version_is_told(capsys):
    assert run(capsys, "--version") == (0, f"saaskit {version('saaskit')}\n", "")
    assert run(capsys, "--nothing")[0] == 2


class Entry:
    name, value = "x", "somewhere:register"

    def __init__(self, register):
        self.load = lambda: register


def test_installed_commands_are_found_and_a_broken_one_is_named(capsys, monkeypatch):
    def broken():
        raise RuntimeError("boom")

    more = (cli.Command(name="later", help="an added one", module="tests.core.later_command"),)
    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry(lambda: more), Entry(broken)])
    code, out, err = run(capsys, "--help")
    assert (code, "an added one" in out) == (0, True)
    assert "somewhere:register can't be loaded: boom" in err
    assert run(capsys, "later")[:2] == (7, "later\n")


def test_what_an_extra_installs_is_named(capsys, monkeypatch):
    more = (cli.Command(name="web", help="", module="not_installed_here", extra="django"),)
    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry(lambda: more)])
    code, _, err = run(capsys, "web")
    assert code == 1
    assert "not_installed_here, which is not installed: pip install 'saaskit[django]'" in err


SCRIPT = "import sys; from saaskit_core.cli import main; sys.exit(main(['plan', 'schema']))"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("buffering", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_has_seen_enough_ends_it_silently(buffering):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": buffering},
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["saaskit: [Errno 28] No space left on device"]


def test_an_interrupt_has_no_traceback(capsys, monkeypatch):
    def interrupted(arguments, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(later_command, "run", interrupted)
    more = (cli.Command(name="later", help="", module="tests.core.later_command"),)
    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry(lambda: more)])
    assert run(capsys, "later") == (130, "", "saaskit: interrupted\n")


def test_help_is_quick_and_loads_no_pydantic():
    script = "import sys; from saaskit_core.cli import main; main(['quote', '--help']); "
    script += "sys.exit('pydantic' in sys.modules)"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert time.perf_counter() - begun < 2


def test_billing_loads_no_pydantic():
    script = (
        "import sys, saaskit_core.billing.previews, saaskit_core.payments.decisions,"
        " saaskit_core.analytics.movements; sys.exit('pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
