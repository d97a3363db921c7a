"""What the live chart costs, in a real JupyterLab and Chromium: the way from `log()` to pixels, the slowing of training, bytes.

Needs Chromium and the `test` dependencies. Every figure is a median of several; a machine with two cores runs the browser,
the server and the kernel beside each other, so slowing is measured as it is felt there.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.lab import Lab, Notebook

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
)

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
import aspara, json, os, statistics, time
from pathlib import Path

def work(seconds=0.001):
    end = time.thread_time() + seconds  # the processor's time: what else runs on the machine is no part of it
    while time.thread_time() < end:
        pass

def train(live, steps=1500):
    os.environ["ASPARA_NOTEBOOK"] = "auto" if live else "off"
    run = aspara.init(project="bench", name="slowing")
    begin = time.perf_counter()
    for step in range(steps):
        work()
        run.log({"loss": 1 / (step + 1), "accuracy": step / 1000, "lr": 0.1})
    took = time.perf_counter() - begin
    run.finish()
    return took

train(True, 200), train(False, 200)
pairs = [(train(True), train(False)) for _ in range(7)]
Path("slowing.json").write_text(json.dumps(pairs))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each rate is watched")
    seconds = parser.parse_args().seconds
    from playwright.sync_api import sync_playwright

    path = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if path is None:
        print("no Chromium here: the notebook is not measured")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        lab = Lab(Path(folder)).start()
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            measure(lab, browser, seconds)
        finally:
            browser.close()
            lab.stop()


def measure(lab: Lab, browser, seconds: float) -> None:
    """Prints all figures."""

    def book(name: str, code: str) -> tuple[Notebook, Frames]:
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        frames = Frames(page)
        lab.notebook(f"{name}.ipynb", code)
        return Notebook(lab, page, f"{name}.ipynb").open(), frames

    print(f"{'points a second':>16}  {'log() to pixels, ms':>30}  {'drawings a s':>12}  {'kB a s at first':>15}  later")
    for rate, pause, burst in ((10, 0.1, 1), (1000, 0.01, 10), (100_000, 0.02, 2000)):
        open_, frames = book(f"latency{rate}", LATENCY.format(rate=rate, pause=pause, burst=burst))
        open_.run_cell()
        open_.wait_for_points(max(10, rate))
        before = frames.total
        ages = sorted(open_.page.evaluate(WATCH, seconds))
        first = (frames.total - before) / seconds
        open_.page.wait_for_timeout(5000)
        before = frames.total
        open_.page.wait_for_timeout(seconds * 1000)
        later = (frames.total - before) / seconds
        (lab.root / f"end{rate}").touch()
        p50, p95 = statistics.median(ages), ages[int(0.95 * (len(ages) - 1))]
        print(
            f"{rate:>16}  p50 {p50:>8.0f}   p95 {p95:>8.0f}      {len(ages) / seconds:>12.1f}  {first / 1000:>15.1f}  "
            f"{later / 1000:.1f}"
        )
        open_.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=60_000)
        open_.page.close()
        lab.end_kernels()

    open_, frames = book("fifty", FIFTY)
    open_.run_cell()
    open_.wait_for_points(2500)
    open_.page.evaluate(
        "() => { window.long = []; new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration)))"
        ".observe({ type: 'longtask' }); }"
    )
    before = frames.total
    open_.page.wait_for_timeout(seconds * 1000)
    long = open_.page.evaluate("() => window.long")
    (lab.root / "endfifty").touch()
    print(
        f"50 metrics at 50 rows a second: {sum(long) / seconds / 10:.0f} % of the page's time in {len(long)} long tasks, the "
        f"longest {max(long, default=0):.0f} ms; {(frames.total - before) / seconds / 1000:.1f} kB a second"
    )
    open_.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=60_000)
    open_.page.close()
    lab.end_kernels()

    import json

    open_, _ = book("slowing", SLOWING)
    open_.run_cell()
    result = lab.root / "slowing.json"
    while not result.exists():
        open_.page.wait_for_timeout(500)
    pairs = json.loads(result.read_text())
    ratio = statistics.median(live / off for live, off in pairs)
    spread = sorted(live / off for live, off in pairs)
    print(
        f"training of 1 ms steps with three metrics logged each: {100 * (ratio - 1):+.1f} % with the chart open "
        f"(pairs from {100 * (spread[0] - 1):+.1f} to {100 * (spread[-1] - 1):+.1f} %)"
    )


if __name__ == "__main__":
    main()
