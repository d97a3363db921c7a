"""The page of projects in a real Chromium."""

from __future__ import annotations

import pytest

import aspara
from aspara.server.app import Server
from tests.browser.conftest import served, until

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A standalone dashboard with three projects."""
    data = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
    for project, runs in (("alpha", 1), ("beta", 3), ("gamma", 2)):
        for _ in range(runs):
            run = aspara.Run("r", project)
            for i in range(30):
                run.log({"val/loss": 1 / (i + 1), "epoch": i})
            run.finish()
    with served(data) as server:
        server.context.catalog.edit_project("beta", {"tags": ["vision"], "notes": "# Plan\n\nTry **wide** <b>nets</b>"})
        yield server


def names(page) -> list[str]:
    return page.locator(".project-head a, .project-list th[scope=row] a").all_inner_texts()


def test_projects_are_found_by_name_and_tag_and_sorted_and_the_address_keeps_it(site, page):
    """Cards or a list; a reload shows the same."""
    page.goto(site.url)
    page.wait_for_selector(".project")
    assert {"alpha", "beta", "gamma"} == set(names(page))
    page.get_by_label("Sort by").select_option("runs")
    until(lambda: names(page) == ["beta", "gamma", "alpha"])
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("vis")
    until(lambda: names(page) == ["beta"])
    page.get_by_role("button", name="list").click()
    page.wait_for_selector(".project-list")
    page.reload()
    page.wait_for_selector(".project-list")
    assert ["beta"] == names(page)
    assert "vis" == page.get_by_label("Search projects").input_value()
    page.get_by_label("Search projects").fill("nothing like it")
    page.get_by_role("button", name="Show all 3").click()
    until(lambda: len(names(page)) == 3)


def test_a_card_shows_the_latest_curve_and_notes_as_markdown(site, page):
    """A loss of validation says most; what looks like markup in a note is text."""
    page.goto(site.url)
    card = page.locator(".project", has_text="beta")
    card.locator(".sparkline path").wait_for(state="attached")
    assert "val/loss" in card.inner_text()
    assert "Plan" == card.locator(".markdown h3").inner_text()
    assert "wide" == card.locator(".markdown strong").inner_text()
    assert 0 == card.locator(".markdown b").count()


def test_a_card_shows_what_the_latest_run_has(site, page):
    """A run without the project's main metric has a curve of its own."""
    with aspara.Run("other", "beta") as run:
        run.log({"reward": 1.0})
        run.log({"reward": 2.0})
    page.goto(site.url)
    card = page.locator(".project", has_text="beta")
    card.locator(".sparkline path").wait_for(state="attached")
    assert "reward" in card.inner_text()


def test_a_project_is_put_away_and_taken_back(site, page):
    """Undo in the message, and the archive in the list."""
    page.goto(site.url)
    page.get_by_role("button", name="More actions for alpha").click()
    page.get_by_role("menuitem", name="Archive").click()
    until(lambda: set(names(page)) == {"beta", "gamma"})
    assert site.context.catalog.project("alpha").archived
    page.get_by_role("button", name="Undo").click()
    until(lambda: len(names(page)) == 3)
    assert not site.context.catalog.project("alpha").archived
    page.get_by_role("button", name="More actions for alpha").click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_label("archived (1)").check()
    until(lambda: len(names(page)) == 3)
    page.reload()
    until(lambda: len(names(page)) == 3)


def test_a_deleted_project_can_be_taken_back_for_a_moment(site, page):
    """It asks once; leaving the page ends the moment."""
    page.goto(site.url)
    page.get_by_role("button", name="More actions for gamma").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.wait_for_selector("text=Delete project “gamma”?")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    until(lambda: len(names(page)) == 2)
    page.get_by_role("button", name="Undo").click()
    until(lambda: len(names(page)) == 3)
    assert 2 == len(site.context.catalog.runs("gamma"))
    page.get_by_role("button", name="More actions for gamma").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    until(lambda: len(names(page)) == 2)
    page.goto("about:blank")
    until(lambda: "gamma" not in [p.name for p in site.context.catalog.projects()])


def test_a_project_is_deleted_from_its_own_page_too(site, page):
    """With the same moment to take it back."""
    page.goto(f"{site.url}projects/gamma")
    page.get_by_role("button", name="About").click()
    page.get_by_role("button", name="Delete project").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    until(lambda: len(names(page)) == 3)
    assert 2 == len(site.context.catalog.runs("gamma"))


def test_the_focus_goes_back_when_a_dialog_closes(site, page):
    """To what opened it; the head is passed with the first key of a page."""
    page.goto(site.url)
    page.get_by_role("button", name="More actions for gamma").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert "More actions for gamma" == page.evaluate("document.activeElement.ariaLabel")
    page.get_by_role("link", name="alpha").click()
    page.wait_for_selector(".runlist li")
    until(lambda: "MAIN" == page.evaluate("document.activeElement.tagName"))
    page.get_by_role("button", name="Skip to content").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.page') !== null")


def test_what_was_typed_is_kept_until_it_is_saved_or_dropped(site, page):
    """Esc, a text that is marked beyond the dialog's edge and another page lose nothing; Cancel closes it."""
    notes = page.get_by_label("Notes (Markdown)")

    def edit() -> None:
        page.get_by_role("button", name="More actions for beta").click()
        page.get_by_role("menuitem", name="Edit notes and tags").click()
        notes.wait_for()

    page.goto(site.url)
    edit()
    notes.fill("half a thought")
    box = notes.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(5, box["y"] + 12)
    page.mouse.up()
    assert notes.is_visible()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("link", name="beta").click()
    page.wait_for_selector(".runlist li")
    page.go_back()
    edit()
    assert "half a thought" == notes.input_value()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").wait_for(state="detached")
    edit()
    assert notes.input_value().startswith("# Plan")
    notes.fill("a whole one")
    page.get_by_role("button", name="Save").click()
    page.locator(".project", has_text="a whole one").wait_for()
    edit()
    assert "a whole one" == notes.input_value()


def test_a_data_directory_that_is_gone_is_no_empty_one(site, page):
    """It is said, nothing is taught, and with the directory everything comes back."""
    page.goto(site.url)
    page.wait_for_selector(".liveness.live")
    page.wait_for_selector(".project")
    data = site.context.catalog.data_dir
    data.rename(data.with_name("elsewhere"))
    page.get_by_role("alert").get_by_text("The data directory is gone").wait_for()
    page.wait_for_selector(".liveness.reconnecting")
    assert 0 == page.locator(".teach").count()
    data.with_name("elsewhere").rename(data)
    page.wait_for_selector(".liveness.live")
    until(lambda: len(names(page)) == 3)
    assert 0 == page.get_by_role("alert").count()


def test_the_list_is_told_what_is_new_over_one_connection(site, page):
    """It is asked for when there is something new, not every few seconds; without the server the page says so."""
    sockets, asked = [], []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda request: asked.append(request.url) if "/api/projects?" in request.url else None)
    page.goto(site.url)
    page.wait_for_selector(".liveness.live")
    until(lambda: page.evaluate("1") and len(names(page)) == 3 and len(asked) >= 2)
    before = len(asked)
    page.wait_for_timeout(3500)
    assert before == len(asked)
    with aspara.Run("r", "newcomer", dir=site.context.catalog.data_dir):
        until(lambda: "newcomer" in names(page))
    assert 1 == len(sockets)
    assert sockets[0].endswith("/api/live")


def test_in_manual_mode_a_search_waits_for_enter(site, page):
    """As it was set for slow disks; an empty field shows all at once, and a tag is found with one click."""
    server = Server(site.context.catalog.data_dir, port=0, search_mode="manual")
    thread = server.start_in_thread()
    page.goto(server.url)
    until(lambda: len(names(page)) == 3)
    field = page.get_by_label("Search projects by name or tag")
    assert "Enter" in field.get_attribute("placeholder")
    field.fill("alp")
    page.wait_for_timeout(300)
    assert 3 == len(names(page))
    field.press("Enter")
    until(lambda: names(page) == ["alpha"])
    assert "search=alp" in page.evaluate("location.search")
    field.fill("")
    until(lambda: len(names(page)) == 3)
    page.get_by_role("button", name="vision", exact=True).click()
    until(lambda: names(page) == ["beta"])
    server.stop()
    thread.join(10)
