// Browsers start no worker for a page that was opened from disk, so that its search would find nothing. There a frame does
// the work of the search worker: it loads the same script, and messages go to and fro as events.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inner = frame.contentWindow;
      inner.postMessage = (data) => {
        const event = new MessageEvent("message", { data });
        this.dispatchEvent(event);
        this.onmessage?.(event);
      };
      inner.importScripts = (...urls) =>
        urls.reduce((before, each) => before.then(() => this.load(inner, each)), Promise.resolve());
      this.frame = inner;
      this.load(inner, url).then(() => {
        this.loaded = true;
        for (const data of this.waiting) this.deliver(data);
      });
    }
    load(inner, url) {
      return new Promise((resolve) => {
        const script = inner.document.createElement("script");
        script.src = url;
        script.onload = resolve;
        inner.document.body.append(script);
      });
    }
    postMessage(data) {
      if (this.loaded) this.deliver(data);
      else this.waiting.push(data);
    }
    deliver(data) {
      this.frame.dispatchEvent(new this.frame.MessageEvent("message", { data }));
    }
    terminate() {
      this.frame.frameElement?.remove();
    }
  };
}
