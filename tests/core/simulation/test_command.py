import io
import json
import re
from pathlib import Path

import pytest

from saaskit_core import cli
from saaskit_core.catalog import load_catalog, parse_catalog
from saaskit_core.simulation import command
from saaskit_core.simulation.progress import Progress
from tests.core.simulation.builders import DEMO, ROOT, run, until

SMALL = ("--customers", "5", "--months", "3")


def simulate(capsys, *argv):
    code = cli.main(["simulate", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_prints_the_figures(capsys):
    code, out, err = simulate(capsys, *SMALL, "--seed", 3)
    assert code == 0
    assert "5 customers, 2026-01-01 to 2026-04-01, seed 3" in out
    assert "MRR at the end" in out
    assert "every rule held" in out
    assert err.splitlines()[-1].startswith("5 customers in ")
    assert "\r" not in err


def test_the_same_seed_prints_the_same(capsys):
    first = simulate(capsys, *SMALL, "--quiet")
    assert simulate(capsys, *SMALL, "--quiet") == first
    assert first[2] == ""
    assert simulate(capsys, *SMALL, "--quiet", "--seed", 1)[1] != first[1]


def test_json_is_what_the_core_computes(capsys):
    code, out, _ = simulate(capsys, *SMALL, "--json", "--seed", 2, "--quiet")
    found = json.loads(out)
    assert (code, found["seed"], found["customers"]) == (0, 2, 5)
    assert len(found["months"]) == 3


def test_the_built_in_catalogue_is_that_of_the_demo():
    own = Path(command.__file__).with_name(command.OWN_CATALOG)
    assert parse_catalog(own.read_text(encoding="utf-8"), file=own.name) == DEMO


def test_a_catalogue_and_a_population_from_files(capsys, tmp_path):
    people = tmp_path / "people.yaml"
    people.write_text("customers: 4\ngrowth: 0\ncurrencies: {EUR: 1}\nplans: {pro: 1}\n")
    given = (ROOT / "examples/catalogs/demo.yaml", "--population", people, "--months", 2, "--json")
    found = json.loads(simulate(capsys, *given)[1])
    assert found["customers"] == 4
    assert set(found["totals"]["money"]) == {"EUR"}
    assert json.loads(simulate(capsys, *given, "--customers", 6)[1])["customers"] == 6


def test_the_report_is_written(capsys, tmp_path):
    page = tmp_path / "report.html"
    code, out, _ = simulate(capsys, *SMALL, "--html", page)
    assert code == 0
    assert str(page) in out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_one_customer_tells_his_story(capsys):
    code, out, err = simulate(capsys, "--customers", 30, "--only", "0-4", "--seed", 1)
    assert (code, err) == (0, "")
    assert re.match(r"2026-01-\d\dT", out)
    assert "subscribes" in out
    assert "for the whole period" in out
    alone = run(load_catalog(ROOT / "examples/catalogs/demo.yaml"), command.Population(
        customers=30), seed=1, only="0-4", end=until(2028))  # fmt: skip
    assert alone.fingerprint in out


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--months", "0"], 1, "--months can't be used"),
        (["--months", "5000"], 1, "more than 1200"),
        (["--customers", "0"], 1, "customers"),
        (["--customers", "many"], 2, "invalid int"),
        (["--from", "soon"], 1, "'soon' is not an ISO date"),
        (["--only", "99-9"], 1, "no customer '99-9'"),
        (["--population", "/nowhere.yaml"], 1, "No such file"),
        (["/nowhere.yaml"], 1, "No such file"),
        (["--html", "/nowhere/report.html"], 1, "no such folder"),
        (["--html", "."], 1, "no such folder"),
        (["--speed", "9"], 2, "unrecognized"),
    ],
)
def test_bad_arguments_are_refused_in_words(capsys, argv, code, said):
    found, out, err = simulate(capsys, *argv)
    assert (found, out) == (code, "")
    assert said in err


def test_a_bad_file_is_refused(capsys, tmp_path):
    file = tmp_path / "p.json"
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in simulate(capsys, "--population", file)[2]
    file.write_text('{"payments": {"soft_decline": "2"}}')
    assert "soft_decline" in simulate(capsys, "--population", file)[2]
    assert simulate(capsys, file)[0] == 1


class Terminal(io.StringIO):
    def isatty(self):
        return True


def times(*seconds):
    left = list(seconds)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_a_terminal_gets_a_bar_with_the_time_left():
    err = Terminal()
    progress = Progress(err, clock=times(0, 30, 30, 60), what="customers")
    progress(1, 4)
    progress(4, 4)
    first, last = err.getvalue().split("\r")[1:]
    assert first.startswith("███████░")
    assert " 25 %  1 of 4 customers, 1:30 left" in first
    assert "4 customers in 1:00" in last
    assert last.endswith("\n")


def test_a_terminal_is_not_redrawn_for_every_customer():
    err = Terminal()
    progress = Progress(err, clock=times(0, 0.01), what="customers")
    for done in range(1, 1000):
        progress(done, 1000)
    assert err.getvalue().count("\r") == 1


def test_where_there_is_no_terminal_there_are_ten_lines():
    err = io.StringIO()
    progress = Progress(err, clock=times(0, 1.5), what="customers")
    for done in range(1, 101):
        progress(done, 100)
    lines = err.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == " 10 %  10 of 100 customers, 13.5 s left"
    assert lines[-1] == "100 customers in 1.5 s"
