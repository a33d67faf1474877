import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from saaskit_core.catalog import Catalog
from saaskit_core.plans import Plan
from saaskit_core.simulation.charts import Axis, Series, bars, funnel, heat_map, stacked_areas
from saaskit_core.simulation.documents import as_document
from saaskit_core.simulation.page import write_page
from tests.core.simulation.builders import calm, one_plan, price, run

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Keeps what is open, and everything that could load something."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.references = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [
            (name, value)
            for name, value in attrs
            if name in {"src", "href", "srcset", "action", "data", "style"} or name.startswith("on")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def found():
    return run(seed=1)


@pytest.fixture(scope="module")
def page(found):
    return write_page(found)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_the_page_is_well_formed(page):
    reader = read(page)
    assert reader.open == []
    assert page.startswith("<!doctype html>")
    assert reader.tags.count("main") == reader.tags.count("h1") == 1


def test_the_page_loads_nothing_and_runs_nothing(page):
    reader = read(page)
    assert reader.references == [("href", "#figures")]
    assert not {"script", "link", "iframe", "img"} & set(reader.tags)
    assert re.findall(r"https?://|@import|url\(", page) == []


def test_every_chart_is_valid_and_has_a_name_and_a_table_beside_it(page, found):
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 2 * len(found.currencies) + 2
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.get("role") == "img"
        assert root.get("aria-label") == root.find("title").text
    assert read(page).tags.count("table") == len(drawings) + len(found.currencies) + 1
    assert page.count("<caption>") == read(page).tags.count("table")


def test_the_page_follows_light_and_dark(page):
    assert "color-scheme: light dark" in page
    assert "@media (prefers-color-scheme: dark)" in page


def test_the_tables_hold_the_figures(page, found):
    last = found.months[-1]
    assert f"{last.starts_at:%B %Y}" in page
    assert found.fingerprint in page
    assert f"<td>{last.counts['renewals']:,}</td>" in page


def test_names_are_escaped():
    nasty = '<script>alert("1")</script>'
    plan = Plan(key="pro", name=nasty, prices=(price("pro", "10.00"),))
    written = write_page(run(Catalog(plans=(plan,)), calm()))
    assert nasty not in written
    assert "&lt;script&gt;" in written
    assert read(written).open == []


def test_a_page_without_revenue_can_be_drawn():
    assert read(write_page(run(one_plan("0"), calm(customers=1)))).open == []


def test_the_page_is_the_same_every_time(page):
    assert write_page(run(seed=1)) == page


AXIS = Axis(months=("Jan 26", "Feb 26"), written=str)


@pytest.mark.parametrize(
    "drawn",
    [
        stacked_areas([], AXIS, title="t"),
        stacked_areas([Series(name="a", values=(0, 0), colour=1)], AXIS, title="t"),
        stacked_areas([Series(name="<a>", values=(5, 10**15), colour=1)], AXIS, title="<t>"),
        bars([Series(name="a", values=(-7, 0), colour=1)], AXIS, title="t"),
        bars([], AXIS, title="t"),
        heat_map([], title="t"),
        heat_map([("Jan", 0, (0, 0)), ("Feb", 3, (1,))], title="t"),
        funnel([("a", 0, 1)], title="t"),
        funnel([], title="t"),
    ],
)
def test_charts_of_little_or_much_are_valid(drawn):
    root = ElementTree.fromstring(drawn)
    width, height = (int(each) for each in root.get("viewBox").split()[2:])
    for node in root.iter():
        for name, most in (("y", height), ("x", width), ("y1", height), ("x1", width)):
            assert -1 <= float(node.get(name, 0)) <= most


def test_bars_stand_on_the_line():
    drawn = bars([Series(name="a", values=(10, -10), colour=1)], AXIS, title="t")
    zero = re.search(r'class="zero".*?y1="([\d.]+)"', drawn)[1]
    up, down = re.findall(r'd="M[\d.]+,([\d.]+) h[\d.]+ V([\d.]+)', drawn)
    assert up[1] == down[0] == zero


def test_the_document_is_json_with_exact_amounts(found):
    document = json.loads(json.dumps(as_document(found)))
    assert document["fingerprint"] == found.fingerprint
    assert len(document["months"]) == len(found.months)
    usd = document["months"][-1]["mrr"]["USD"]
    assert usd["exact_minor"] == str(found.months[-1].revenue("USD"))
    assert document["totals"]["counts"]["signups"] == found.signups
    assert document["dunning"] == dict(found.dunning)
    assert document["population"]["customers"] == 25
