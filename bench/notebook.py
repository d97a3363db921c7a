"""What the live chart costs, in a real JupyterLab and Chromium: the way from `log()` to pixels, the slowing of training, bytes.

Needs Chromium and the `test` dependencies. Training is slowed by what the kernel does for the page, and by the page where the two
share a processor. The first is what is measured: the kernel has one core, browser and server have the others. A cell trains in
turn for a second with the chart and for a second without, and each pair gives a ratio; shown is the median of them, between the
bounds in which it lies with 95 % confidence (by resampling). Time is that of the clock, and that which the kernel's process had
the processor: on its one core they differ by what else runs on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.chromium import chromium
from common.machine import confined, load

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.lab import Lab, Notebook

# The logged value is the time of logging, so that what a chart shows says how old it is. A sample is taken in the frame after
# Plotly has drawn.
WATCH = """(seconds) => new Promise((done) => {
  const ages = [];
  let last = 0;
  const look = () => {
    for (const plot of document.querySelectorAll('.aspara-widget .js-plotly-plot')) {
      const value = Math.max(0, ...(plot.data ?? []).map((trace) => trace.y?.[trace.y.length - 1] ?? 0));
      if (value > last) { last = value; ages.push(performance.timeOrigin + performance.now() - value); }
    }
  };
  const observer = new MutationObserver(() => requestAnimationFrame(() => setTimeout(look, 0)));
  observer.observe(document.querySelector('.aspara-widget'), { subtree: true, childList: true, attributes: true });
  setTimeout(() => { observer.disconnect(); done(ages); }, seconds * 1000);
})"""

LATENCY = """
import aspara, pathlib, time
run = aspara.init(project="bench", name="latency {rate}")
pause, burst = {pause}, {burst}
while not pathlib.Path("end{rate}").exists():
    for _ in range(burst):
        run.log({{"t": time.time() * 1000}})
    time.sleep(pause)
run.finish()
"""

SLOWING = """
import aspara, json, os, time
from pathlib import Path

for thread in os.listdir("/proc/self/task") if {cores} else ():
    os.sched_setaffinity(int(thread), {cores})
os.sched_setaffinity(0, {cores}) if {cores} else None

def work(rounds):
    total = 0
    for i in range(rounds):
        total += i * i
    return total

def train(run, seconds):
    steps, clock, processor = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - clock < seconds:
        for _ in range(10):
            work(rounds)
            run.log({{"loss": 1 / (steps + 1), "accuracy": steps / 1000, "lr": 0.1}})
            steps += 1
    return (time.perf_counter() - clock) / steps, (time.process_time() - processor) / steps

def stretch(run):
    train(run, 0.25)  # what the page still does for the stretch before is none of this one
    return train(run, {seconds})

rounds = 1000
rounds = int(rounds * 0.00099 / min(train(aspara.Run(project="bench", name="warm"), 0.2)[1] for _ in range(5)))
live = aspara.init(project="bench", name="slowing")
dark = aspara.Run(project="bench", name="dark")
train(live, 2), train(dark, 1)
pairs = []
for i in range({pairs}):
    first, second = (live, dark) if i % 2 else (dark, live)
    pair = {{first: stretch(first), second: stretch(second)}}
    pairs.append([pair[live], pair[dark]])
Path("slowing.part").write_text(json.dumps(pairs))
os.rename("slowing.part", "slowing.json")
aspara.finish()
dark.finish()
"""

FIFTY = """
import aspara, pathlib, time
run = aspara.init(project="bench", name="fifty")
while not pathlib.Path("endfifty").exists():
    run.log({f"part{k % 5}/m{k}": run.step / (k + 1) for k in range(50)})
    time.sleep(0.02)
run.finish()
"""


class Frames:
    """Counts what a page's websockets receive, bytes."""

    def __init__(self, page) -> None:
        self.total = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, content) -> None:
        self.total += len(content.encode() if isinstance(content, str) else content)


class Bench:
    """A JupyterLab, and a browser that opens notebooks of it."""

    def __init__(self, lab: Lab, browser: Any, seconds: float, pairs: int, cores: set[int]) -> None:
        self.lab, self.browser, self.seconds, self.pairs = lab, browser, seconds, pairs
        self.cores = cores
        """Those that the kernel may have to itself; none where there is one core in all."""

    def book(self, name: str, code: str) -> tuple[Notebook, Frames]:
        """A notebook with one cell, which is run."""
        page = self.browser.new_page(viewport={"width": 1300, "height": 900})
        frames = Frames(page)
        self.lab.notebook(f"{name}.ipynb", code)
        opened = Notebook(self.lab, page, f"{name}.ipynb").open()
        opened.run_cell()
        return opened, frames

    def end(self, opened: Notebook) -> None:
        """Waits for the end of the run, and closes the notebook."""
        opened.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=60_000)
        opened.page.close()
        self.lab.end_kernels()


def latency(bench: Bench) -> None:
    """From `log()` to pixels, and bytes, at three rates."""
    print(f"{'points a second':>16}  {'log() to pixels, ms':>30}  {'drawings a s':>12}  {'kB a s at first':>15}  later")
    for rate, pause, burst in ((10, 0.1, 1), (1000, 0.01, 10), (100_000, 0.02, 2000)):
        opened, frames = bench.book(f"latency{rate}", LATENCY.format(rate=rate, pause=pause, burst=burst))
        opened.wait_for_points(max(10, rate))
        before = frames.total
        ages = sorted(opened.page.evaluate(WATCH, bench.seconds))
        first = (frames.total - before) / bench.seconds
        opened.page.wait_for_timeout(5000)
        before = frames.total
        opened.page.wait_for_timeout(bench.seconds * 1000)
        later = (frames.total - before) / bench.seconds
        (bench.lab.root / f"end{rate}").touch()
        p50, p95 = statistics.median(ages), ages[int(0.95 * (len(ages) - 1))]
        print(
            f"{rate:>16}  p50 {p50:>8.0f}   p95 {p95:>8.0f}      {len(ages) / bench.seconds:>12.1f}  {first / 1000:>15.1f}  "
            f"{later / 1000:.1f}"
        )
        bench.end(opened)


def fifty(bench: Bench) -> None:
    """How busy fifty live metrics keep the page."""
    opened, frames = bench.book("fifty", FIFTY)
    opened.wait_for_points(2500)
    opened.page.evaluate(
        "() => { window.long = []; new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration)))"
        ".observe({ type: 'longtask' }); }"
    )
    before = frames.total
    opened.page.wait_for_timeout(bench.seconds * 1000)
    long = opened.page.evaluate("() => window.long")
    (bench.lab.root / "endfifty").touch()
    print(
        f"50 metrics at 50 rows a second: {sum(long) / bench.seconds / 10:.0f} % of the page's time in {len(long)} long tasks, "
        f"the longest {max(long, default=0):.0f} ms; {(frames.total - before) / bench.seconds / 1000:.1f} kB a second"
    )
    bench.end(opened)


def slowing(bench: Bench) -> None:
    """How much longer a step takes with the chart open, a thousand steps a second."""
    code = SLOWING.format(seconds=1.0, pairs=bench.pairs, cores=sorted(bench.cores))
    opened, _ = bench.book("slowing", code)
    result = bench.lab.root / "slowing.json"
    while not result.exists():
        opened.page.wait_for_timeout(500)
    pairs = json.loads(result.read_text())
    print(
        f"{1 / statistics.median(dark[0] for _, dark in pairs):.0f} steps a second with three metrics logged at each, slowed with "
        f"the chart open, {len(pairs)} pairs of stretches:"
    )
    for which, name in enumerate(("by the clock", "processor time")):
        ratios = sorted(live[which] / dark[which] for live, dark in pairs)
        least, most = bounds(ratios)
        print(
            f"{name:>16}  {percent(statistics.median(ratios))} %   (95 %: {percent(least)} to {percent(most)}; "
            f"pairs from {percent(ratios[0])} to {percent(ratios[-1])})"
        )
    bench.end(opened)


def percent(ratio: float) -> str:
    """How much more than one it is."""
    return f"{100 * (ratio - 1):+.1f}"


def bounds(values: list[float]) -> tuple[float, float]:
    """Where the median lies in 95 of 100 resamplings."""
    draw = random.Random(0)
    found = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(2000))
    return found[50], found[-51]


PARTS: dict[str, Callable[[Bench], None]] = {"latency": latency, "fifty": fifty, "slowing": slowing}


def main() -> None:
    """All of it, or one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(PARTS))
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each rate is watched")
    parser.add_argument("--pairs", type=int, default=40, help="of stretches with and without the chart")
    arguments = parser.parse_args()
    print(f"notebook   [{load()}]")
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    for name, part in PARTS.items():
        if arguments.only not in (None, name):
            continue
        # Training has one core to itself where its slowing is measured.
        own = {min(cores)} if name == "slowing" and len(cores) > 1 else set()
        with confined(cores - own), tempfile.TemporaryDirectory() as folder, chromium() as browser:
            lab = Lab(Path(folder)).start()
            try:
                part(Bench(lab, browser, arguments.seconds, arguments.pairs, own))
            finally:
                lab.stop()


if __name__ == "__main__":
    main()
