"""What the dashboard costs the person who looks: a page of a large project, a long table, thousands of charts, live points.

Everything happens in a real Chromium against `aspara dashboard` in a process of its own; times are medians of several fresh
pages with an empty browser cache, the server's index made. A page counts as usable when its list of runs stands and its
first charts are drawn. "log() to pixels" is the time from before the call to the frame in which its point is in the chart.
Run it with `make bench`, or one part with `python bench/dashboard.py --only live`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from common.chromium import chromium, shown
from common.machine import load, memory, server
from common.shapes import KEPT, Shape, folder, listed

# Looks in every frame; what is written down is the page's own clock, ms since the address was asked for.
WATCH = """
window.seen = {};
window.long = [];
new PerformanceObserver(list => { for (const e of list.getEntries()) long.push(e.duration); }).observe({type: "longtask", buffered: true});
const parts = {
  list: () => document.querySelector(".runlist li, .runs-table tbody tr[aria-rowindex]"),
  chart: () => [...document.querySelectorAll(".plot")].some(p => +p.dataset.points > 0),
  screen: () => {
    const near = [...document.querySelectorAll(".plot")].filter(p => p.getBoundingClientRect().top < innerHeight);
    return near.length > 0 && near.every(p => +p.dataset.points > 0);
  },
  whole: () => /^\\d+ runs?$/.test(document.querySelector(".page-head [role=status]")?.textContent ?? ""),
};
const look = () => {
  for (const [name, test] of Object.entries(parts)) if (!(name in seen) && test()) seen[name] = performance.now();
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
# Tells, by the clock that other programs see too, in which frame a chart first held so many points.
FOLLOW = """
window.frames_ = [];
let before = 0;
const follow = () => {
  const now = +(document.querySelector('[data-metric="loss"] .plot')?.dataset.points ?? 0);
  if (now !== before) { frames_.push([now, performance.timeOrigin + performance.now()]); before = now; }
  requestAnimationFrame(follow);
};
requestAnimationFrame(follow);
"""
TRAIN = """
import json, sys, time, aspara
run = aspara.Run("live", "live", dir=sys.argv[1])
due, times = time.time(), []
for step in range(int(sys.argv[2])):
    times.append(time.time() * 1000)
    run.log({"loss": 1 / (step + 1), "acc": step, "lr": 0.1})
    due += 0.1
    time.sleep(max(0, due - time.time()))
run.finish()
print(json.dumps(times))
"""


def held(pid: int) -> str:
    """A server's memory, now and at most."""
    found = memory(pid)
    return f"{found.now:.0f}, {found.peak:.0f} MB"


def row(what: str, found: str, target: str = "") -> None:
    """A line of the report."""
    print(f"  {what:<52}{found:>24}   {target}", flush=True)


def ms(values: list[float]) -> str:
    """The median of some times, and the longest."""
    return f"{statistics.median(values):.0f} ms (most {max(values):.0f})"


def opened(browser: Any, address: str, until: str, script: str = WATCH) -> tuple[Any, dict[str, float]]:
    """A page of a browser that has cached nothing, once the part `until` is seen; and when each part was."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(script)
    page.goto(address, wait_until="commit")
    # The page's own rules forbid it to evaluate texts, so it cannot be told to wait for an expression.
    deadline = time.monotonic() + 120
    while until not in (seen := page.evaluate("window.seen ?? {}")):
        assert time.monotonic() < deadline, f"{address} has no {until}"
        time.sleep(0.1)
    return page, seen


def visits(browser: Any, address: str, until: str, rounds: int) -> dict[str, list[float]]:
    """When each part of a page was there, in so many visits."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        page, seen = opened(browser, address, until)
        page.context.close()
        for name, moment in seen.items():
            found.setdefault(name, []).append(moment)
    return found


BARE = """async url => {
  const began = performance.now();
  await new Promise(done => { const s = document.createElement("script"); s.src = url; s.onload = done; document.head.append(s); });
  const el = document.createElement("div");
  document.body.append(el);
  const x = Array.from({length: 350}, (_, i) => i);
  await Plotly.newPlot(el, Array.from({length: 20}, () => ({x, y: x.map(Math.random), mode: "lines"})), {}, {});
  return performance.now() - began;
}"""

# Goes to a part of the page; after how many ms each chart there is sketched, and drawn.
ARRIVE = """async share => {
  const began = performance.now();
  scrollTo(0, share * document.documentElement.scrollHeight);
  const found = [];
  const tests = [p => +p.dataset.points > 0, p => p.querySelector(".js-plotly-plot .trace")];
  while (found.length < 2) {
    await new Promise(requestAnimationFrame);
    const seen = [...document.querySelectorAll(".grid")].filter(g => {
      const box = g.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    });
    const plots = [...document.querySelectorAll(".plot")].filter(p => {
      const box = p.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    });
    const there = seen.length > 0 && seen.every(g => g.children.length > 0) && plots.every(tests[found.length]);
    if (there) found.push(performance.now() - began);
  }
  return found;
}"""


def floor(browser: Any, base: str, rounds: int) -> list[float]:
    """What nobody can do without: Plotly loaded into an empty page, and one chart of 20 lines drawn."""
    with urlopen(f"{base}projects/p") as answer:
        found = re.search(rb"plotly\.[0-9a-f]+\.js", answer.read())
    assert found is not None
    times = []
    for _ in range(rounds):
        page = browser.new_context().new_page()
        page.goto(f"{base}docs")
        times.append(page.evaluate(BARE, f"{base}static/{found.group().decode()}"))
        page.context.close()
    return times


def project(browser: Any, kept: Path, cache: Path, rounds: int) -> None:
    """1 000 runs of 20 metrics and 1 000 steps."""
    with server(folder(kept, Shape("project", 1000, 1000, 20)), cache) as found_at:
        base, pid = f"{found_at.address}/", found_at.pid
        page, seen = opened(browser, f"{base}projects/p", "screen")
        page.context.close()
        print("\n1 000 runs x 20 metrics x 1 000 steps")
        row("page usable, nothing cached anywhere", f"{max(seen['list'], seen['chart']):.0f} ms")
        bare = floor(browser, base, rounds)
        row("floor: Plotly loaded, one chart of 20 lines drawn", ms(bare))
        found = visits(browser, f"{base}projects/p", "screen", rounds)
        row("list of runs stands", ms(found["list"]))
        usable = [max(pair) for pair in zip(found["list"], found["chart"], strict=True)]
        row(
            "page usable",
            ms(usable),
            f"<= 1000 ms; {statistics.median(usable) / statistics.median(bare):.1f} x the floor",
        )
        row("every chart on the screen drawn", ms(found["screen"]))
        names = ",".join(f"run-{i:04}" for i in range(8))
        compare = visits(browser, f"{base}projects/p/compare?runs={names}&tab=charts", "screen", rounds)
        row("8 of them compared, charts drawn", ms(compare["screen"]))
        row("server's memory, now and at most", held(pid), "<= 500 MB")


# Does something with the table; after how many ms it is seen, and the longest task in which the page could do nothing else.
FELT = """async ([name, text]) => {
  const one = s => document.querySelector(s), all = s => [...document.querySelectorAll(s)];
  const shown = s => one(s)?.textContent ?? "";
  const status = () => shown(".page-head [role=status]"), bulk = () => shown(".bulk strong"), told = () => shown(".bulk [role=status]");
  const order = () => all(".sort-way").map(e => e.parentElement.textContent).join();
  const type = (el, value) => { el.value = value; el.dispatchEvent(new Event("input", {bubbles: true})); };
  const press = (label, shiftKey) => all("button").find(b => b.textContent.trim().startsWith(label))
    .dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey}));
  const choose = (el, value) => { el.value = value; el.dispatchEvent(new Event("change", {bubbles: true})); };
  const changes = look => { const before = look(); return () => look() !== before; };
  const acts = {
    sort: () => [changes(order), () => press(text, false)],
    beside: () => [changes(order), () => press(text, true)],
    filter: () => [changes(status), () => type(one("[role=combobox]"), text)],
    search: () => [changes(status), () => type(one("[data-search]"), text)],
    group: () => [changes(() => one("tr.group") !== null), () => choose(one("[aria-label='Group runs by']"), text)],
    all: () => [changes(bulk), () => one("thead input[type=checkbox]").click()],
    tags: () => [() => one("dialog[open]"), () => press("Tag…")],
    type: () => [() => !one("dialog .primary").disabled, () => type(one("dialog input"), text)],
    tag: () => [() => told().includes("changed."), () => press("Change tags")],
    undo: () => [() => told().includes("as before."), () => press("Undo")],
  };
  const [done, act] = acts[name]();
  long.length = 0;
  const began = performance.now();
  act();
  do await new Promise(requestAnimationFrame); while (!done());
  await new Promise(requestAnimationFrame);
  const took = performance.now() - began;
  await new Promise(rest => setTimeout(rest, 200));
  return [took, Math.max(0, ...long)];
}"""


def felt(page: Any, what: str, name: str, *texts: str) -> None:
    """Does something with each of `texts`, and reports how long it took until it was seen."""
    found = [page.evaluate(FELT, [name, text]) for text in texts or ("",)]
    row(what, f"{ms([took for took, _ in found])}", f"longest task {max(task for _, task in found):.0f} ms")


def table(browser: Any, kept: Path, cache: Path, rounds: int) -> None:
    """10 000 runs as a table."""
    # Tags are written: into a copy.
    with server(shutil.copytree(listed(kept, 10_000), cache / "listed"), cache) as found_at:
        base, pid = f"{found_at.address}/", found_at.pid
        page, _ = opened(browser, f"{base}projects/p/runs", "whole")
        page.context.close()
        found = visits(browser, f"{base}projects/p/runs", "whole", rounds)
        print("\n10 000 runs as a table")
        row("first rows stand", ms(found["list"]))
        row("all are here", ms(found["whole"]))
        page, _ = opened(browser, f"{base}projects/p/runs", "whole")
        scrolled(page, ".runs-table", 60)
        felt(page, "sorted by a column", "sort", "lr", "optimizer", "duration")
        felt(page, "by two more beside it", "beside", "optimizer", "lr")
        felt(
            page,
            "filtered by an expression",
            "filter",
            "lr < 0.01",
            'min(group0/metric_1) < 0 and optimizer == "sgd"',
            "",
        )
        felt(page, "searched", "search", "run 12", "")
        felt(page, "grouped in 3 and in 10 000", "group", "config.optimizer", "", "config.lr", "")
        felt(page, "all selected", "all")
        page.evaluate(FELT, ["tags", ""])
        page.evaluate(FELT, ["type", "seen"])
        felt(page, "all tagged", "tag")
        felt(page, "and as before", "undo")
        page.context.close()
        row("server's memory, now and at most", held(pid))


def metrics(browser: Any, kept: Path, cache: Path, rounds: int) -> None:
    """A page of 2 000 charts."""
    with server(folder(kept, Shape("charts", 3, 200, 2000)), cache) as found_at:
        base = f"{found_at.address}/"
        page, _ = opened(browser, f"{base}projects/p", "screen")
        page.context.close()
        found = visits(browser, f"{base}projects/p", "screen", rounds)
        print("\n2 000 charts of 3 runs")
        row("every chart on the screen drawn", ms(found["screen"]))
        page, _ = opened(browser, f"{base}projects/p", "screen")
        scrolled(page, None, 80)
        for speed in (2000, 4000, 8000):
            flung(browser, page, speed)
        sketched, drawn = zip(*(page.evaluate(ARRIVE, share) for share in (0.2, 0.8, 0.1, 0.9, 0.5)), strict=True)
        row("a jump elsewhere: charts on the screen sketched", ms(list(sketched)))
        row("and drawn by Plotly", ms(list(drawn)))
        page.context.close()


def scrolled(page: Any, box: str | None, strokes: int) -> None:
    """Turns the wheel, and reports what held the page up meanwhile."""
    page.mouse.move(800, 600)
    if box is not None:
        page.locator(box).hover()
    page.wait_for_timeout(500)
    page.evaluate(
        "() => { long.length = 0; window.ticks = []; const t = () => { ticks.push(performance.now()); "
        "requestAnimationFrame(t) }; requestAnimationFrame(t) }"
    )
    for _ in range(strokes):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000)
    long, ticks = page.evaluate("[long, ticks]")
    gaps = sorted(b - a for a, b in itertools.pairwise(ticks))
    seconds = (ticks[-1] - ticks[0]) / 1000
    row(
        f"{strokes} turns of the wheel: tasks over 50 ms",
        f"{len(long)} in {seconds:.0f} s (most {max(long, default=0):.0f} ms)",
    )
    row("frames a second, and the 95th percentile", f"{len(gaps) / seconds:.0f}, {gaps[int(0.95 * len(gaps))]:.0f} ms")


# Notes each frame of the page, and now and then how many of the charts on the screen show their points.
PASSING = """() => {
  long.length = 0;
  const frames = [];
  const there = [];
  window.passing = {frames, there};
  const tick = now => {
    if (passing.frames !== frames) return;
    frames.push(now);
    if (frames.length % 10 === 0) {
      const plots = [...document.querySelectorAll(".plot")].filter(p => {
        const box = p.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
      });
      there.push(plots.filter(p => +p.dataset.points > 0).length / Math.max(1, plots.length));
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def flung(browser: Any, page: Any, speed: int, seconds: float = 4) -> None:
    """Scrolls as fingers on a touch pad do, so many pixels a second, and tells what was on the screen meanwhile."""
    session = page.context.new_cdp_session(page)
    page.wait_for_timeout(2000)
    with shown(browser, page) as frames:
        page.evaluate(PASSING)
        session.send(
            "Input.synthesizeScrollGesture",
            {"x": 800, "y": 600, "yDistance": -speed * seconds, "speed": speed, "gestureSourceType": "mouse"},
        )
        long, ticks, there = page.evaluate("[long, passing.frames, passing.there]")
    session.detach()
    took = (ticks[-1] - ticks[0]) / 1000
    row(
        f"{speed} pixels a second: frames on the screen, of the page",
        f"{len(frames) / took:.0f}, {(len(ticks) - 1) / took:.0f} a second",
    )
    row("tasks over 50 ms; charts on the screen with points", f"{len(long)}; {100 * statistics.mean(there):.0f} %")


def live(browser: Any, kept: Path, cache: Path, rounds: int) -> None:
    """10 rows of 3 metrics a second."""
    del kept
    data, count = cache / "data", 20 * rounds + 40
    with server(data, cache) as found_at:
        base = f"{found_at.address}/"
        command = [sys.executable, "-c", TRAIN, str(data), str(count)]
        training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while not (data / "live/live.jsonl").exists():
            time.sleep(0.05)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        frames: list[int] = []
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda payload: frames.append(len(payload))),
        )
        page.add_init_script(FOLLOW)
        page.goto(f"{base}projects/live")
        assert training.stdout is not None
        logged = json.loads(training.stdout.read())
        training.wait()
        page.wait_for_timeout(1500)
        drawn = page.evaluate("frames_")
        page.context.close()
    delays, at = [], 0
    first = drawn[0][0]
    for points, moment in drawn[1:]:
        at = max(at, first)
        while at < points:
            delays.append(moment - logged[at])
            at += 1
    delays.sort()
    print("\n10 rows of 3 metrics a second, on a project's page")
    row(
        "log() to pixels, p50 and p95",
        f"{statistics.median(delays):.0f}, {delays[int(0.95 * len(delays))]:.0f} ms",
        "<= 200, <= 500 ms",
    )
    told = [size for size in frames if size > 2]
    row("on the wire, a message and a row", f"{statistics.median(told):.0f}, {sum(told) / count:.0f} bytes")
    row("rows whose point was seen", f"{len(delays)} of {count - first}")


PARTS = {"project": project, "table": table, "metrics": metrics, "live": live}


def main() -> None:
    """All of it, or one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=KEPT, help="where generated data is kept (default: .bench)")
    arguments = parser.parse_args()
    print(f"dashboard   [{load()}]")
    with chromium() as browser:
        for name, part in PARTS.items():
            if arguments.only in (None, name):
                with tempfile.TemporaryDirectory(prefix="aspara-bench-") as cache:
                    part(browser, arguments.data, Path(cache), arguments.rounds)


if __name__ == "__main__":
    main()
