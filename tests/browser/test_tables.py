"""Tables of runs in pages that know nothing of us: nbconvert's, VS Code's, Colab's."""

from __future__ import annotations

import pytest

import aspara

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_the_html_of_a_table_sorts_by_the_title_that_is_clicked(page, tmp_path):
    """Numbers as numbers, texts as texts, what has no value last; names are shown as they are."""
    for name, lr in {"b <b>x</b>": 10.0, "a": 9.0, "c": None}.items():
        with aspara.Run(name, "p", dir=str(tmp_path), config={} if lr is None else {"lr": lr}) as run:
            run.log({"loss": 1.0})
    html = aspara.Api(tmp_path).runs("p")._repr_mimebundle_()["text/html"]
    page.set_content(f"<!doctype html>{html}")
    names = page.locator("tbody td:first-child")
    assert ["b <b>x</b>", "a", "c"] == names.all_text_contents()
    title = page.get_by_role("columnheader", name="lr")
    title.click()
    assert ["a", "b <b>x</b>", "c"] == names.all_text_contents()
    title.click()
    assert ["b <b>x</b>", "a", "c"] == names.all_text_contents()
    page.get_by_role("columnheader", name="run").click()
    assert ["a", "b <b>x</b>", "c"] == names.all_text_contents()
