"""A page that shows widgets as VS Code, Colab and marimo do, as far as their rules are known: no Jupyter server behind it.

The kernel's half is the real one; its messages are carried into the page by hand. The page's half is a model with the methods
that those hosts have, inside a frame that has no origin of its own (no storage, no cookies, no parent to ask).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import comm
from comm.base_comm import BaseComm

PAGE = "<!doctype html><title>host</title><iframe sandbox='allow-scripts' style='width:1000px;height:700px'></iframe>"

# Binary values arrive as DataViews, wherever in the state they stand.
FRAME = """<!doctype html><meta charset="utf-8"><body><script>
const unpack = (value) => {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string") {
    return new DataView(Uint8Array.from(atob(value.$bytes), (c) => c.charCodeAt(0)).buffer);
  }
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unpack(v)]));
};
window.host = {
  async open(packed, rules) {
    const state = unpack(packed);
    this.rules = rules;
    this.sent = [];
    this.listeners = new Map();
    const of = (name) => this.listeners.get(name) ?? this.listeners.set(name, new Set()).get(name);
    this.model = {
      get: (key) => state[key],
      set: (key, value) => { state[key] = value; },
      save_changes: () => {},
      send: (content) => this.sent.push(content),
      on: (name, call) => { of(name).add(call); },
      off: (name, call) => { call ? of(name).delete(call) : of(name).clear(); },
    };
    this.fire = (name, ...given) => { for (const call of [...of(name)]) call(...given); };
    this.update = (packed) => {
      const changes = unpack(packed);
      Object.assign(state, changes);
      for (const key of Object.keys(changes)) this.fire(`change:${key}`);
      this.fire("change");
    };
    this.message = (content, packed) => this.fire("msg:custom", content, unpack(packed));
    const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
    const module = (await import(url)).default;
    this.widget = typeof module === "function" ? await module() : module;
    await this.widget.initialize?.(rules.signal ? { model: this.model, signal: new AbortController().signal } : { model: this.model });
  },
  async view() {
    const el = document.body.appendChild(document.createElement("div"));
    const aborter = new AbortController();
    const given = { model: this.model, el, ...(this.rules.signal ? { signal: aborter.signal } : {}) };
    const cleanup = await this.widget.render(given);
    (this.views ??= []).push(() => { aborter.abort(); if (typeof cleanup === "function") cleanup(); el.remove(); });
  },
  closeView() { this.views.shift()(); },
};
</script>"""


@dataclass
class Rules:
    """What a host gives beyond the model: an AbortSignal came with anywidget 0.9.14, and older pages have none."""

    signal: bool


HOSTS = {"vscode": Rules(signal=True), "colab": Rules(signal=False), "marimo": Rules(signal=True)}


def pack(value: Any) -> Any:
    """JSON in which bytes are marked, for the way into the page."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, dict):
        return {k: pack(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [pack(v) for v in value]
    return value


class Wire(BaseComm):
    """A comm that keeps what the kernel says until the page is given it."""

    made: list[Wire]

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        """Keeps one message; sent by the widget's own thread too."""
        del metadata, keys
        self.__dict__.setdefault("waiting", []).append((msg_type, data, [bytes(b) for b in buffers or ()]))


class Host:
    """The page of one widget; `deliver` brings it all that the kernel has said meanwhile."""

    def __init__(self, page, rules: Rules) -> None:
        page.set_content(PAGE)
        handle = page.locator("iframe").element_handle()
        handle.evaluate("(el, html) => { el.srcdoc = html }", FRAME)
        self.frame = handle.content_frame()
        self.frame.wait_for_function("() => window.host")
        self._rules = rules
        self._wire: Wire | None = None
        self._taken = 0

    def open(self, widget) -> None:
        """Makes the model, with the state that the widget has now."""
        self._wire = widget.comm
        self._taken = len(self._wire.__dict__["waiting"])
        state = pack({k: v for k, v in widget.get_state().items() if not k.startswith("_view") and k != "layout"})
        self.frame.evaluate("([state, rules]) => host.open(state, rules)", [state, {"signal": self._rules.signal}])

    def view(self) -> None:
        """Shows the widget (once more)."""
        self.frame.evaluate("() => host.view()")

    def deliver(self) -> None:
        """Brings all messages since the last time into the page, in their order."""
        waiting = self._wire.__dict__["waiting"]
        while self._taken < len(waiting):
            _, data, buffers = waiting[self._taken]
            self._taken += 1
            if data["method"] == "custom":
                self.frame.evaluate("([c, b]) => host.message(c, b)", [data["content"], pack(buffers)])
            elif data["method"] == "update":
                self.frame.evaluate("(changes) => host.update(changes)", pack(_joined(data, buffers)))


def _joined(data: dict[str, Any], buffers: list[bytes]) -> dict[str, Any]:
    """The state with its buffers back in their places."""
    state = data["state"]
    for path, content in zip(data.get("buffer_paths", []), buffers, strict=True):
        at = state
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = content
    return state


def record_comms(monkeypatch) -> None:
    """Widgets made from now on speak over a :class:`Wire`."""
    monkeypatch.setattr(comm, "create_comm", Wire)
