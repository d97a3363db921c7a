"""The documentation is whole and true: it builds without a warning, and nothing public is missing from it."""

from __future__ import annotations

import html
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aspara
from aspara import errors, settings
from aspara.api import projects, run, run_file, runs
from aspara.cli.main import COMMANDS, make_parser
from aspara.web.routes import DASHBOARD, PAGES
from aspara_jupyter import live_chart

ROOT = Path(__file__).parent.parent

pytest.importorskip("mkdocs", reason="the docs group is not installed")


class Site:
    """The built pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def html(self, page: str) -> str:
        return (self.folder / page).read_text(encoding="utf-8")

    def text(self, page: str) -> str:
        """What a reader sees of a page."""
        article = self.html(page).partition("<article")[2].partition("</article>")[0]
        return html.unescape(re.sub(r"<[^>]+>", "", article))

    def anchors(self) -> set[str]:
        return {
            found for page in self.folder.rglob("*.html") for found in re.findall(r'id="([^"]+)"', page.read_text())
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`mkdocs build --strict`, as `make docs` does it: a broken link or an unreadable docstring fails here."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield Site(folder)
    shutil.rmtree(folder)


def public_members(home: str, cls: type) -> list[str]:
    """What a class offers itself, beyond what dict gives it."""
    return [
        f"{home}.{cls.__name__}.{name}"
        for name, member in inspect.getmembers(cls)
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property))
        and getattr(member if inspect.isfunction(member) else member.fget, "__module__", "").startswith("aspara")
    ]


def test_every_public_name_is_documented(site: Site):
    """Each name of `aspara.__all__` has its place in the reference; the plain values are told of."""
    told = site.text("api/aspara.html")
    for name in aspara.__all__:
        if name in ("run", "__version__"):
            assert f"aspara.{name}" in told
        elif name == "AsparaError":
            assert "aspara.errors.AsparaError" in site.anchors()
        else:
            assert f"aspara.{name}" in site.anchors()


def test_every_method_is_documented(site: Site):
    """Each public method and property of the public classes has its place, and a docstring."""
    anchors = site.anchors()
    classes = [("aspara", c) for c in (aspara.Run, aspara.Config, aspara.Summary, aspara.Api, aspara.Listener)]
    classes += [("aspara.api.run", run.ApiRun)]
    classes += [("aspara.api.run_file", c) for c in (run_file.RunFile, run_file.LoggedArtifact)]
    classes += [("aspara.api.runs", runs.ApiRuns), ("aspara.api.projects", projects.ApiProject)]
    classes += [("aspara_jupyter.live_chart", live_chart.LiveChart)]
    for home, cls in classes:
        missing = [name for name in public_members(home, cls) if name not in anchors]
        assert missing == [], f"without a docstring, or not in docs/api: {missing}"


def test_every_argument_of_init_is_explained(site: Site):
    """Each argument of aspara.init has a sentence."""
    told = site.text("api/aspara.html")
    for name in inspect.signature(aspara.init).parameters:
        assert re.search(rf"^[\s*]*{name}\b", told, re.MULTILINE), name
        assert f"{name}:" in (inspect.getdoc(aspara.init) or "")


def test_every_error_is_documented(site: Site):
    """Each error that aspara raises on purpose is in the reference."""
    found = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    assert {f"aspara.errors.{name}" for name in found} <= site.anchors()


def test_every_setting_is_documented(site: Site):
    """Each environment variable is in the table with its meaning and its default."""
    told = site.text("settings.html")
    for setting in settings.TABLE.values():
        assert setting.name in told
        assert setting.meaning in told


def test_every_command_is_documented(site: Site):
    """Each command is there with its help, each of its options, and its examples."""
    told = site.text("cli.html")
    parsers = next(action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    for name, command in COMMANDS.items():
        assert f"aspara {name}" in told
        assert command.SUMMARY in told
        for option in re.findall(r"--[a-z][a-z-]+", parsers[name].format_help()):
            assert option in told
        for example in command.EXAMPLES.strip().splitlines():
            assert example in told


def test_every_endpoint_is_documented(site: Site):
    """Each address is there with its methods, their meaning and their parameters."""
    told = site.text("api/dashboard.html")
    for route in (*DASHBOARD, *PAGES):
        assert route.path in told
        for meaning in route.methods.values():
            assert meaning in told
        for param in route.params or ():
            assert f"{param.name} {param.description()}" in told


def test_every_tracker_endpoint_is_documented(site: Site):
    """So is each address of the tracker."""
    from aspara.web.tracker import routes

    told = site.text("api/tracker.html")
    for route in routes.ROUTES:
        assert route.path in told


def test_every_magic_is_documented(site: Site):
    """Each form of the notebook's magics is there."""
    from aspara_jupyter.magics import _HELP

    told = site.text("notebook.html")
    for line in _HELP.splitlines():
        assert line.strip() in told


def test_every_trait_is_documented(site: Site):
    """Each setting of the server extension is there with its meaning."""
    from aspara_jupyter.extension import AsparaApp

    told = site.text("notebook.html")
    for name in ("data_dir", "read_only", "max_zip_size", "max_notes_length", "max_tags_count", "max_streams"):
        assert f"c.AsparaApp.{name}" in told
        assert AsparaApp.class_traits()[name].help in told


def test_readme_and_docs_agree_on_variables():
    """No page and no README speaks of a variable that does not exist."""
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(r"ASPARA_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")):
            assert name in settings.TABLE, f"{page.name}: {name}"


def test_the_site_asks_nobody_else(site: Site):
    """The built pages load nothing from another host."""
    for page in site.folder.rglob("*.html"):
        loaded = re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"', page.read_text(encoding="utf-8"))
        links = re.findall(r'<a [^>]*href="((?:https?:)?//[^"]+)"', page.read_text(encoding="utf-8"))
        assert sorted(loaded) == sorted(links), page.name


def test_links_between_pages_lead_somewhere(site: Site):
    """Each relative link of a page leads to a page, and to a place in it that exists."""
    for page in site.folder.rglob("*.html"):
        if page.name == "404.html":
            continue
        for link in re.findall(r'<a [^>]*href="([^":]+)"', page.read_text(encoding="utf-8")):
            path, _, anchor = html.unescape(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{page.name} → {link}"
            if anchor:
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), f"{page.name} → {link}"


def test_search_works_from_disk(site: Site):
    """A site that is opened from disk has its search index as a script, and the worker's stand-in, with no other host."""
    assert (site.folder / "search" / "search_index.js").is_file()
    assert 'src="../javascripts/iframe-worker.js"' in site.html("howto/export.html")
