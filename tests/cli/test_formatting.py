"""Tables, times, numbers, charts: pure functions."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aspara
from aspara.cli import formatting, terminal_plot


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, "-"),
        (0, "0 s"),
        (400, "0.4 s"),
        (45_000, "45 s"),
        (300_000, "5 min"),
        (7_500_000, "2 h 5 min"),
        (273_600_000, "3 d 4 h"),
    ],
)
def test_durations(milliseconds, said):
    """Spans are said in their largest fitting units."""
    assert said == formatting.duration(milliseconds)


def test_labels_of_a_range_near_the_largest_numbers():
    """The number in the middle is one."""
    drawn = terminal_plot.chart([0, 1], [-1.7e308, 1.7e308])
    assert not any(word in drawn for word in ("inf", "nan"))


def test_ago():
    """A moment is said by its distance; none by a dash."""
    assert formatting.ago(int(time.time() * 1000) - 300_500) == "5 min ago"
    assert formatting.ago(None) == "-"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.123456, "0.1235"),
        (1e-7, "1e-07"),
        (12345678, "12345678"),
        (True, "True"),
        (None, "-"),
        (math.inf, "inf"),
        ("a\nb", "a b"),
    ],
)
def test_numbers(value, said):
    """Floats have four significant digits; whole numbers and texts are whole."""
    assert said == formatting.number(value)


def test_table_columns_line_up():
    """Columns line up also where characters are two columns wide; numbers end at the same place."""
    assert formatting.table(("NAME", "N"), [("学習", 5), ("ab", 12)], right=(1,)) == "NAME   N\n学習   5\nab    12"


def test_long_cells_are_cut():
    """A cell of the table is at most 60 columns wide."""
    assert formatting.table(("A",), [("x" * 300,)]).splitlines()[1] == "x" * 59 + "…"


@given(st.text())
def test_clean_has_no_control_characters(value):
    """Whatever a text holds, what is printed is on one line and steers nothing."""
    assert formatting.clean(value).isprintable()


def test_sparkline():
    """Heights follow the values; a column without a finite value is blank; a flat line lies in the middle."""
    assert terminal_plot.sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert terminal_plot.sparkline([0.0, math.nan, 1.0]) == "▁ █"
    assert terminal_plot.sparkline([2.0, 2.0]) == "▄▄"
    assert terminal_plot.sparkline([]) == ""


def test_chart():
    """A rising line goes from the lower left to the upper right, with its ranges written on the axes."""
    upper, lower, axis = terminal_plot.chart([0, 9], [0.0, 1.0], columns=12, rows=2).splitlines()
    assert (upper[:3], lower[:3]) == ("1 ┤", "0 ┤")
    assert [upper[3:5], lower[-2:]] == ["\u2800\u2800", "\u2800\u2800"]
    assert "\u2800" not in upper[-5:] + lower[3:8]
    assert axis.split() == ["0", "step", "9"]


def test_chart_of_a_constant():
    """A constant is a line in the middle, with its value beside it once."""
    lines = terminal_plot.chart([0, 1, 2], [5.0, 5.0, 5.0], columns=20, rows=8).splitlines()
    labelled = [line for line in lines[:-1] if line.lstrip()[0] != "┤"]
    assert ["5"] == [line.split()[0] for line in labelled]
    assert "\u2800" not in labelled[0].partition("┤")[2]


def test_chart_of_a_lone_point():
    """A point without neighbours is a block that can be seen."""
    assert "\u28ff" in terminal_plot.chart([7], [1.5], columns=20)
    drawn = terminal_plot.chart([0, 1, 2], [math.nan, 1.5, math.nan], columns=20)
    assert 1 == drawn.count("\u28ff")


def test_logarithmic_chart():
    """Equal factors are equal heights; what is not above zero is a gap."""
    drawn = terminal_plot.chart(
        [0, 1, 2, 3, 4], [100.0, 10.0, 1.0, 0.0, -1.0], columns=30, rows=7, log=True
    ).splitlines()
    assert ["100", "10", "1"] == [
        line.partition("┤")[0].strip() for line in drawn[:-1] if line.partition("┤")[0].strip()
    ]
    assert "2" == drawn[-1].split()[-1]


@pytest.mark.parametrize("columns", [1, 20, 80])
def test_chart_fits(columns):
    """A chart is as wide as it may be, and never narrower than four dots' columns."""
    drawn = terminal_plot.chart(range(100), [float(x) for x in range(100)], columns=columns)
    assert all(formatting.width(line) <= max(columns, 12) for line in drawn.splitlines()[:-1])


floats = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(floats, max_size=50))
def test_any_values_can_be_drawn(values):
    """No series is too strange to be drawn: the largest floats, NaN, infinity, one point, none."""
    assert len(terminal_plot.sparkline(values, 20)) <= 20
    drawn = terminal_plot.chart(range(len(values)), values, columns=30, rows=4)
    assert len(drawn.splitlines()) == (5 if any(map(math.isfinite, values)) else 0)


def test_a_terminal_without_unicode(data):
    """Charts are drawn in ASCII, columns keep their width, and JSON loses no letter."""
    with aspara.Run(name="größe", project="digits", dir=data) as run:
        run.log({"loss": 1.0})
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "90"}
    plain.pop("PYTHONIOENCODING", None)

    def call(*arguments: str) -> str:
        command = [sys.executable, "-m", "aspara.cli.main", *arguments, "--data-dir", str(data)]
        done = subprocess.run(command, env=plain, capture_output=True, check=True)
        return done.stdout.decode("ascii")

    shown = call("show", "digits/fast")
    chart = [line for line in shown.splitlines() if " |" in line]
    assert 8 == len(chart)
    assert all(set(line.partition("|")[2]) <= set(" .:*#@") for line in chart)
    (course,) = [line.split()[-1] for line in shown.splitlines() if line.startswith("loss  ")]
    assert (28, "#", "_", True) == (len(course), course[0], course[-1], set(course) <= set("_.-:=+*#"))
    assert "gr??e" in call("runs", "digits")
    assert "größe" in [run["name"] for run in json.loads(call("runs", "digits", "--json"))["runs"]]
