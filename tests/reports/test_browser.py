"""The html report in headless Chromium, opened from the disk."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from report_example import HOSTILE, WRITERS, large_store, make, report
from tree_example import make as make_tree
from typer.testing import CliRunner

from penmark.cli.app import command_tree
from penmark.reports.html import write_html
from penmark.reports.summary import build_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium and driver: apt-get install chromium-driver"),
]

PARTS = "title notes leaderboard differences domains subdomains requirements languages lengths judging responses"
# How long a change of the filters takes until the list shows it; a second is the limit.
TIME_FILTER = """
const [name, value, done] = arguments;
const status = document.getElementById("status");
const began = performance.now();
const seen = new MutationObserver(() => {
  if (!status.textContent.includes("responses")) return;
  seen.disconnect();
  requestAnimationFrame(() => done(performance.now() - began));
});
seen.observe(status, { childList: true, characterData: true, subtree: true });
const field = document.getElementById("filters").elements[name];
if (field.type === "checkbox") field.checked = value; else field.value = value;
field.dispatchEvent(new Event("input", { bubbles: true }));
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    switches = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    switches += " disable-component-update disable-sync window-size=1240,1000"
    for switch in [*switches.split(), f"user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()
    driver.service.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    with make(folder / "penmark.db") as store:
        return write_html(report(), store, folder / "report.html")


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> tuple[Path, Path]:
    """5,001 responses, once as one file and once as a page with a folder of data files."""
    folder = tmp_path_factory.mktemp("large")
    with large_store(tmp_path_factory.getbasetemp()) as store:
        one = write_html(report(), store, folder / "one.html")
        many = write_html(report(), store, folder / "many 报告 #1.html", max_bytes=1_000_000)
    return one, many


@pytest.fixture
def opened(browser, small):
    yield from _open(browser, small.as_uri())


def _open(browser, address: str):
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(address)
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def text_of(browser, selector: str) -> str:
    return browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)


def choose(browser, name: str, value: object) -> float:
    """Set a filter; milliseconds until the list shows it."""
    return browser.execute_async_script(TIME_FILTER, name, value)


def until(browser, selector: str, wanted: str) -> None:
    """Wait until an element's text contains the wanted one."""
    end = time.monotonic() + 5
    while wanted not in text_of(browser, selector):
        assert time.monotonic() < end, f"{wanted!r} never came; {selector} says {text_of(browser, selector)!r}"
        time.sleep(0.02)


def open_row(browser, writer: str, task: str) -> None:
    script = """for (const { cells } of document.querySelectorAll("#list tbody tr")) {
      const isIt = cells[1].innerText === arguments[0] && cells[0].innerText.startsWith(arguments[1]);
      if (isIt) cells[0].querySelector("a").click();
    }"""
    browser.execute_script(script, writer, task)
    until(browser, "#reader h3", f"Task {task}")
    until(browser, "#reader .meta", writer)


def press(browser, selector: str) -> None:
    """Click at once, where the driver would wait for the page to scroll."""
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_every_part_is_visible_and_the_console_is_clean(opened):
    for name in PARTS.split():
        element = opened.find_element("id", name)
        assert element.is_displayed(), name
        assert element.size["height"] > 20, name
    assert opened.find_element("css selector", "#lengths svg").size["height"] > 200
    assert "通义千问-72B" in opened.find_element("id", "lengths").text
    assert text_of(opened, "#status") == "72 responses, 2 unscored"


def test_the_page_never_scrolls_sideways(opened):
    for width in (1240, 900, 600):
        opened.set_window_size(width, 1000)
        assert opened.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), width
    opened.set_window_size(1240, 1000)


def test_hostile_writing_shows_literally_and_runs_nothing(opened):
    open_row(opened, WRITERS[0], "zh-0000")
    assert opened.execute_script("return document.querySelector('.texts > .prose:last-child').textContent") == HOSTILE
    assert opened.execute_script("return document.querySelector('.reason').textContent") == HOSTILE
    assert opened.execute_script("return document.querySelectorAll('img, #reader script').length") == 0


def test_the_page_may_not_reach_a_network(opened):
    script = """const done = arguments[0]; const image = new Image();
    document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI)); image.src = "http://127.0.0.1:9/x.png";"""
    assert opened.execute_async_script(script).startswith("http://127.0.0.1:9")
    opened.get_log("browser")  # The browser reports the violation as an error; it was ours.


def test_chinese_writing_shows_in_its_language(opened):
    open_row(opened, "gpt-4o", "zh-0002")
    prose = opened.find_element("css selector", ".texts > .prose:last-child")
    assert "春天来了，万物生长。" in prose.text
    assert prose.get_attribute("lang") == "zh-Hans"


def test_the_band_with_the_score_is_highlighted(opened):
    open_row(opened, "gpt-4o", "zh-0002")
    script = """return [...document.querySelectorAll(".criterion")].map((c) => [
      Number(c.querySelector(".criterion-head b").innerText),
      c.querySelectorAll(".hit").length,
      c.querySelector(".hit .label").innerText,
    ])"""
    criteria = opened.execute_script(script)
    assert len(criteria) == 3
    for score, hits, label in criteria:
        low, high = map(int, label.split("-"))
        assert hits == 1
        assert low <= score <= high
    colours = (
        "return ['.hit', '.bands li:not(.hit)'].map((s) => getComputedStyle(document.querySelector(s)).backgroundColor)"
    )
    hit, other = opened.execute_script(colours)
    assert hit != other


def test_an_unscored_criterion_is_plainly_marked_and_has_no_number(opened):
    choose(opened, "unscored", True)
    assert text_of(opened, "#status") == "2 of 72 responses, 2 unscored"
    open_row(opened, WRITERS[1], "zh-0000")
    until(opened, "#reader .total", "unscored: incomplete")
    assert text_of(opened, ".criterion-head").split("\n") == ["Fidelity", "unscored: unreadable"]
    assert opened.execute_script("return document.querySelector('.criterion').querySelectorAll('.hit').length") == 0


def test_a_missing_text_says_why(opened):
    choose(opened, "search", "time-out after")
    until(opened, "#status", "1 of 72")
    press(opened, "#list tbody a")
    until(opened, ".texts", "the writer gave none: time-out after 60 s")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"writer": "gpt-4o"}, 24),
        ({"writer": WRITERS[2]}, 24),
        ({"domain": '["Education"]'}, 12),
        ({"domain": '["Education", "Lesson Plan"]'}, 6),
        ({"language": "zh"}, 36),
        ({"language": "zh", "writer": "gpt-4o"}, 12),
        ({"search": "万物生长"}, 34),
        ({"search": "JOB 5:"}, 3),
        ({"search": "<script>"}, 1),
        ({"search": "nowhere to be found"}, 0),
        ({"low": "11"}, 0),
        ({"unscored": True}, 2),
    ],
)
def test_filters(opened, filters, count):
    for name, value in filters.items():
        choose(opened, name, value)
    assert text_of(opened, "#status").startswith(f"{count} of 72 responses")


def test_sorting_by_score_keeps_unscored_responses_last(opened):
    for _ in range(2):
        press(opened, "[data-sort=score]")
        scores = opened.execute_script(
            "return [...document.querySelectorAll('#list td:last-child')].map((c) => c.innerText)"
        )
        assert len(scores) == 50
        assert not any("unscored" in score for score in scores)
    assert scores == sorted(scores, key=float, reverse=True)
    head = opened.find_element("css selector", "th:has([data-sort=score])")
    assert head.get_attribute("aria-sort") == "descending"


def test_a_heatmap_cell_leads_to_its_responses(opened):
    cell = opened.find_element("css selector", "#domains .heat tbody a")
    assert "95% interval" in cell.get_attribute("title")
    press(opened, "#domains .heat tbody a")
    until(opened, "#status", "4 of 72 responses")


def test_keys_and_links_lead_from_response_to_response(opened):
    from selenium.webdriver import Keys

    open_row(opened, "gpt-4o", "zh-0000")
    first = opened.current_url
    assert "#r-" in first
    reader = opened.find_element("id", "reader")
    reader.send_keys(Keys.ARROW_RIGHT)
    until(opened, ".reader-bar", "3 of 72")
    opened.find_element("id", "reader").send_keys("k")
    until(opened, ".reader-bar", "2 of 72")
    assert opened.current_url == first
    opened.find_element("id", "reader").send_keys(Keys.ESCAPE)
    end = time.monotonic() + 5
    while not opened.find_element("id", "browse").is_displayed():
        assert time.monotonic() < end
    assert not opened.find_element("id", "reader").is_displayed()
    opened.get("about:blank")
    opened.get(first)
    until(opened, "#reader .meta", "gpt-4o")


@pytest.fixture
def tree_page(browser, tmp_path):
    """A judge with a tree, planned weights and a page of its own."""
    with make_tree(tmp_path / "penmark.db") as store:
        page = write_html(build_report(store, "demo", "tree"), store, tmp_path / "tree.html")
    yield from _open(browser, page.as_uri())


def shown_texts(browser, selector: str) -> list[str]:
    """What each of the elements shows, on one line."""
    texts = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"
    return [" ".join(text.split()) for text in browser.execute_script(texts, selector)]


def tree_rows(browser) -> list[list[str]]:
    """What each node of the open tree shows: name, share, score."""
    cells = shown_texts(browser, ".tree .node-row > *")
    return [cells[i : i + 3] for i in range(0, len(cells), 3)]


def test_a_tree_shows_what_each_node_scores_and_weighs(tree_page):
    open_row(tree_page, "ann", "t0")
    assert tree_rows(tree_page) == [
        ["Overall", "", "7.62"],
        ["Content", "50%", "7.9"],
        ["Opening and ending planned", "20%", "6 of 10"],
        ["Logic planned", "50%", "8 of 10"],
        ["Emotion planned", "30%", "9 of 10"],
        ["Format", "33.3%", "7.5"],
        ["Plot", "50%", "7 of 10 → 5 points"],
        ["Layout", "50%", "10 of 10"],
        ["Impression", "16.7%", "7 of 10"],
    ]
    assert shown_texts(tree_page, ".tree ul ul .node-name > span") == [
        "Opening and ending", "Logic", "Emotion", "Plot", "Layout",
    ]  # fmt: skip
    logic = ".tree ul ul li:nth-child(2) "
    assert not tree_page.find_element("css selector", logic + ".node-detail").is_displayed()
    press(tree_page, logic + "summary")
    assert tree_page.execute_script(f"return document.querySelector('{logic}.reason').textContent") == HOSTILE
    assert text_of(tree_page, logic + ".about") == "What is judged: Logic"
    assert text_of(tree_page, logic + ".hit") == "6-10\nGood.\nscored 8"
    assert tree_page.execute_script("return document.querySelectorAll('img, #reader script').length") == 0


def test_a_tree_of_several_scorings_shows_their_mean_and_each(tree_page):
    open_row(tree_page, "ann", "t1")
    rows = {row[0].split(" ")[0]: row[1:] for row in tree_rows(tree_page)}
    assert rows["Overall"] == ["", "1 of 2 scored 5.95"]
    assert rows["Opening"] == ["30%", "mean of 2 7 of 10"]
    assert rows["Logic"] == ["40%", "1 of 2 scored 8 of 10"]
    assert rows["Plot"] == ["50%", "mean of 2 5.5 of 10 → 2.5 points"]
    assert text_of(tree_page, ".node-why") == "no score in the reply: 'great!'"
    press(tree_page, ".tree ul ul li:nth-child(2) summary")
    heads = shown_texts(tree_page, ".tree details[open] .verdict-head")
    assert heads == ["Scoring 1 8 planned 50%", "Scoring 2 unscored: unreadable planned 30%"]


def test_a_tree_without_its_plan_says_why(tree_page):
    open_row(tree_page, "ann", "t3")
    assert text_of(tree_page, ".plan-note") == "no plan: unreadable no weights in the reply: 'dunno'"
    rows = {row[0].split(" ")[0]: row[1:] for row in tree_rows(tree_page)}
    assert rows["Content"] == ["50%", "unscored: incomplete"]
    assert rows["Logic"] == ["no plan", "8 of 10"]
    assert tree_page.find_element("css selector", "#weights svg").size["height"] > 80


@pytest.mark.parametrize("kind", ["one", "many"])
def test_5000_responses_stay_usable(browser, large, kind):
    path = large[kind == "many"]
    assert (path.parent / f"{path.stem}-responses").is_dir() is (kind == "many")
    for page in _open(browser, path.as_uri()):
        assert text_of(page, "#status") == "5,001 responses, 2 unscored"
        assert page.execute_script("return document.querySelectorAll('#list tbody tr').length") == 50
        # The first search reads everything; the ones after it are quick, too.
        for name, value in [
            ("search", "万物"),
            ("search", "4321 春"),
            ("search", ""),
            ("writer", "gpt-4o"),
            ("low", "9.5"),
        ]:
            assert choose(page, name, value) < 1000, (name, value)
        press(page, "#list tbody a")
        until(page, "#reader .meta", "gpt-4o")
        assert len(text_of(page, ".texts")) > 500


def test_a_lost_folder_is_explained(browser, large, tmp_path):
    lost = shutil.copy(large[1], tmp_path / "lost.html")
    browser.get(Path(lost).as_uri())
    press(browser, "#list tbody a")
    until(browser, "#reader", "could not be read; keep the folder beside this page")
    browser.get_log("browser")  # The missing file is reported as an error; it is meant to be missing.


def _judge_card(folder: Path) -> Path:
    """The card of a judge on a small benchmark of rated texts, one of them hostile."""
    rows = [
        {
            "task": f"{t}",
            "instruction": HOSTILE,
            "writer": w,
            "response": w * (n + t),
            "score": {"kim": s, "李": s + t % 2},
        }
        for t in range(12)
        for w, n, s in (("a", 5, 1), (HOSTILE, 9, 3))
    ]
    file, db = folder / "rated.jsonl", folder / "penmark.db"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for command in (
        ["import", "ratings", str(file), "--bench", "rated", "--as-bench"],
        ["judge", "rated", "--judge", "length", "--judge-name", HOSTILE, "--repeats", "2"],
        ["meta", "card", "--judge", HOSTILE, "-o", str(folder / "card.html")],
    ):
        done = CliRunner().invoke(command_tree(), [*command, "--db", str(db)])
        assert done.exit_code == 0, done.output
    return folder / "card.html"


def test_a_judge_card_opens_and_the_console_is_clean(browser, tmp_path):
    for page in _open(browser, _judge_card(tmp_path).as_uri()):
        assert HOSTILE in text_of(page, "#title")
        assert "picks the one that people prefer" in text_of(page, "#lead")
        heads = page.execute_script("return [...document.querySelectorAll('h2')].map(h => h.innerText)")
        assert {"Pairs in the same order", "What its scores mean to people", "Repeats", "Scores and length"} <= {*heads}
        drawn = page.execute_script("return document.querySelectorAll('figure svg path').length")
        assert drawn > 3
        assert page.execute_script("return document.scripts.length") == 0
        assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
