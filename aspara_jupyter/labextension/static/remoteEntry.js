// Built from js/src/lab/extension/index.ts by js/build.mjs: change it there.
"use strict";
(() => {
  // src/lab/extension/jupyter.ts
  var scope = {};
  function share(given) {
    scope = given;
  }
  async function shared(name) {
    const versions = Object.values(scope[name] ?? {});
    const module = versions.find((version) => version.loaded) ?? versions[0];
    return module ? (await module.get())() : {};
  }
  function baseUrl() {
    const data = document.getElementById("jupyter-config-data");
    const base = data ? JSON.parse(data.textContent ?? "{}").baseUrl : void 0;
    return new URL(base || "/", location.href).href;
  }

  // src/lab/extension/bundle.ts
  var loading = /* @__PURE__ */ new Map();
  var manifest;
  function load(name) {
    const known = loading.get(name);
    if (known) return known;
    const loaded = fetchBundle(name).catch((error) => {
      manifest = void 0;
      loading.delete(name);
      throw error;
    });
    loading.set(name, loaded);
    return loaded;
  }
  async function fetchBundle(name) {
    const at = `${baseUrl()}static/aspara_jupyter/`;
    manifest ??= fetch(`${at}manifest.json`, { cache: "no-cache" }).then((answer) => {
      if (!answer.ok) throw new Error(`this Jupyter server has no Aspara extension (${answer.status})`);
      return answer.json();
    });
    const files = await manifest;
    return { app: await import(at + files[name]), at, files };
  }

  // src/lab/extension/hub.ts
  var Hub = class {
    settings = { openIn: "tab", followRuns: true, outputHeight: 0 };
    project = null;
    /** Opens a run, or the project if there is none; false where nothing could. */
    open = () => false;
    listeners = /* @__PURE__ */ new Set();
    set(changes) {
      Object.assign(this, changes);
      for (const listener of this.listeners) listener();
    }
    /** Calls the listener on every change; returns what ends it. */
    watch(listener) {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }
  };
  var hub = new Hub();

  // src/lab/extension/output.ts
  var RUN = "application/vnd.aspara.run+json";
  var CHART = "application/vnd.aspara.chart+json";
  var MIMES = [RUN, CHART, "application/vnd.aspara.table+json"];
  async function mimeExtension() {
    const { Widget } = await shared("@lumino/widgets");
    class RunOutput extends Widget {
      live = null;
      data = {};
      constructor() {
        super();
        this.addClass("aspara-output");
        this.node.addEventListener("aspara:open", (event) => {
          const { project, run } = event.detail;
          if (hub.open(project, run)) event.preventDefault();
        });
      }
      async renderModel(model) {
        this.data = model.data;
        const run = shownRun(model.data);
        if (run) {
          this.node.dataset.project = run.project;
          if (run.status === "running") hub.set({ project: run.project });
        }
        try {
          const { app, at, files } = await load("widget.js");
          if (this.isDisposed) return;
          const host = {
            base: baseUrl(),
            plotly: async () => at + files["plotly.js"],
            height: hub.settings.outputHeight || null
          };
          if (this.live) this.live.update(this.data);
          else this.live = app.output(this.node, this.data, host);
        } catch (error) {
          if (!this.isDisposed) this.node.replaceChildren(stillPicture(this.data, error));
        }
      }
      dispose() {
        if (!this.isDisposed) this.live?.end();
        super.dispose();
      }
    }
    const extension2 = {
      id: "aspara:run",
      description: "Draws runs, live and from the server, in notebooks with and without a kernel.",
      dataType: "json",
      // Before the widget's own view: this one needs no kernel, and takes live data from the widget where there is one.
      rank: -100,
      rendererFactory: { safe: true, mimeTypes: MIMES, createRenderer: () => new RunOutput() }
    };
    return () => ({ __esModule: true, default: extension2 });
  }
  function shownRun(data) {
    const chart = data[CHART];
    return data[RUN] ?? chart?.runs?.[0];
  }
  function stillPicture(data, error) {
    const picture = data["image/svg+xml"];
    if (picture) {
      const image = document.createElement("img");
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(joined(picture))}`;
      image.style.maxWidth = "100%";
      return image;
    }
    const text = document.createElement("pre");
    text.textContent = `${joined(data["text/plain"] ?? "")}
(The live chart is not available: ${error.message}.)`;
    return text;
  }
  function joined(text) {
    return Array.isArray(text) ? text.join("") : String(text);
  }

  // src/lab/extension/widgets.ts
  function widgets(Base) {
    class Tab extends Base {
      constructor(base, path, label, at) {
        super();
        this.path = path;
        this.root = `${base}aspara/`;
        this.last = at ?? path;
        this.id = path ? `aspara-${path}` : "aspara-dashboard";
        this.title.label = label;
        const name = decodeURIComponent(path.replace(/^projects\//, "").replace("/runs/", "/"));
        this.title.caption = path ? `Aspara: ${name}` : "Aspara: runs and their charts";
        this.title.closable = true;
        this.frame.src = this.root + this.last;
        this.frame.title = path ? `Aspara: ${label}` : "Aspara dashboard";
        this.frame.style.cssText = "border:0;width:100%;height:100%;display:block";
        this.node.append(this.frame);
      }
      path;
      saved;
      root;
      last;
      frame = document.createElement("iframe");
      get at() {
        try {
          const now = this.frame.contentWindow.location.href;
          if (now.startsWith(this.root)) this.last = now.slice(this.root.length);
        } catch {
        }
        return this.last;
      }
    }
    class Sidebar extends Base {
      constructor(context) {
        super();
        this.context = context;
        this.id = "aspara-runs";
        this.addClass("aspara-runs");
        this.title.caption = "Aspara: runs";
      }
      context;
      begun = false;
      end;
      /** Restored with the page it is attached in sight; else it is shown later. */
      onAfterAttach() {
        if (this.isVisible) void this.begin();
      }
      onAfterShow() {
        void this.begin();
      }
      async begin() {
        if (this.begun) return;
        this.begun = true;
        try {
          const { app } = await load("lab.js");
          if (!this.isDisposed) this.end = app.sidebar(this.node, this.context);
        } catch (error) {
          this.begun = false;
          this.node.textContent = `Cannot show runs: ${error.message}.`;
          this.node.style.padding = "12px";
        }
      }
      dispose() {
        if (!this.isDisposed) this.end?.();
        super.dispose();
      }
    }
    return { Tab, Sidebar };
  }

  // src/lab/extension/plugin.ts
  var SETTINGS = "aspara:dashboard";
  var LOOK = 1e3;
  var ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2a44"/><path d="M5 8c4 12 7 15 11 15s6-4 11-4" fill="none" stroke="#7fb0f5" stroke-width="3" stroke-linecap="round"/><path d="M5 14c5 8 9 6 13 3s5-6 9-7" fill="none" stroke="#f0a35e" stroke-width="3" stroke-linecap="round"/></svg>';
  var LINES = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke-width="2.6" stroke-linecap="round"><path class="jp-icon3" stroke="#616161" d="M4 5v22h24"/><path class="jp-icon3" stroke="#616161" d="M9 9c3 9 6 12 10 12s6-3 9-3"/><path class="jp-icon3" stroke="#616161" d="M9 21c5 3 8-2 11-6s5-6 8-7"/></g></svg>';
  async function extension() {
    const { Widget } = await shared("@lumino/widgets");
    const { LabIcon } = await shared("@jupyterlab/ui-components");
    const { ICommandPalette, WidgetTracker } = await shared("@jupyterlab/apputils");
    const { ILayoutRestorer } = await shared("@jupyterlab/application");
    const { ILauncher } = await shared("@jupyterlab/launcher");
    const { IMainMenu } = await shared("@jupyterlab/mainmenu");
    const { ISettingRegistry } = await shared("@jupyterlab/settingregistry");
    const tokens = {
      launcher: ILauncher,
      palette: ICommandPalette,
      restorer: ILayoutRestorer,
      menu: IMainMenu,
      registry: ISettingRegistry
    };
    const present = Object.entries(tokens).filter(([, token]) => token);
    const icon = (name, svgstr) => LabIcon ? new LabIcon({ name, svgstr }) : void 0;
    const plugin = {
      id: SETTINGS,
      description: "Shows runs in the sidebar, and the Aspara dashboard in tabs.",
      autoStart: true,
      optional: present.map(([, token]) => token),
      activate(app, ...given) {
        const services = {
          ...{ launcher: null, palette: null, restorer: null, menu: null, registry: null },
          ...Object.fromEntries(present.map(([name], i) => [name, given[i] ?? null]))
        };
        const tracker = WidgetTracker ? new WidgetTracker({ namespace: "aspara" }) : null;
        activate(app, services, tracker, widgets(Widget), icon);
      }
    };
    return () => ({ __esModule: true, default: [plugin] });
  }
  function activate(app, { launcher, palette, restorer, menu, registry }, tracker, { Tab, Sidebar }, icon) {
    const logo = icon("aspara:logo", ICON);
    const base = new URL(app.serviceManager.serverSettings.baseUrl, location.href).href;
    const single = !launcher || /notebook/i.test(app.name ?? "");
    const tabs = /* @__PURE__ */ new Map();
    function open(path, label, beside, at) {
      if (single || hub.settings.openIn === "browser") {
        window.open(`${base}aspara/${path}`, path ? "_blank" : "aspara");
        return;
      }
      let tab = tabs.get(path);
      if (!tab || tab.isDisposed) {
        tab = new Tab(base, path, label, at);
        tab.title.icon = logo;
        tabs.set(path, tab);
      }
      if (!tab.isAttached) {
        app.shell.add(tab, "main", placement(tab, beside || hub.settings.openIn === "beside"));
        void tracker?.add(tab);
      }
      app.shell.activateById(tab.id);
    }
    function placement(tab, beside) {
      const front = app.shell.currentWidget;
      if (!beside || !front || tabs.has(front.path)) return {};
      const other = [...tabs.values()].find((each) => each !== tab && each.isAttached);
      return other ? { mode: "tab-after", ref: other.id } : { mode: "split-right", ref: front.id };
    }
    function openRun(project, run, label) {
      const path = `projects/${encodeURIComponent(project)}`;
      open(run ? `${path}/runs/${encodeURIComponent(run)}` : path, label ?? (run || project), true);
      return true;
    }
    hub.open = openRun;
    const text = { type: "string" };
    app.commands.addCommand("aspara:open", {
      label: "Aspara",
      caption: "Open the Aspara dashboard: runs and their live charts",
      icon: logo,
      describedBy: { args: { type: "object", properties: { path: text, label: text, at: text } } },
      execute: (args) => open(args?.path ?? "", args?.label ?? "Aspara", false, args?.at)
    });
    app.commands.addCommand("aspara:open-run", {
      label: (args) => args?.run ? `Charts of ${args.run}` : "Charts of a run",
      caption: "Open the charts of a run beside the notebook",
      describedBy: {
        args: { type: "object", properties: { project: text, run: text }, required: ["project"] }
      },
      execute: (args) => void openRun(args.project, args.run ?? "", args.label)
    });
    launcher?.add({ command: "aspara:open", category: "Other", rank: 1 });
    palette?.addItem({ command: "aspara:open", category: "Aspara" });
    const entries = [{ command: "aspara:open" }];
    if (restorer && tracker && !single) {
      void restorer.restore(tracker, {
        command: "aspara:open",
        args: (tab) => ({ path: tab.path, label: tab.title.label, at: tab.at }),
        name: (tab) => tab.path || "dashboard"
      });
      setInterval(() => {
        for (const tab of tabs.values()) {
          if (!tab.isAttached || tab.at === tab.saved) continue;
          tab.saved = tab.at;
          void tracker.save(tab);
        }
      }, LOOK);
    }
    const sidebar = new Sidebar({
      base,
      state: () => ({ project: hub.project, follow: hub.settings.followRuns }),
      watch: (listener) => hub.watch(listener),
      open: openRun
    });
    sidebar.title.icon = icon("aspara:lines", LINES);
    try {
      app.shell.add(sidebar, "left", { rank: 350 });
      restorer?.add(sidebar, sidebar.id);
      app.commands.addCommand("aspara:show-runs", {
        label: "Aspara: Runs in the Sidebar",
        caption: "Show the runs of the notebook's project",
        describedBy: { args: { type: "object", properties: {} } },
        execute: () => {
          app.shell.expandLeft?.(sidebar.id);
          app.shell.activateById(sidebar.id);
        }
      });
      palette?.addItem({ command: "aspara:show-runs", category: "Aspara" });
      entries.push({ command: "aspara:show-runs" });
    } catch {
      sidebar.dispose();
    }
    menu?.viewMenu?.addGroup(entries, 40);
    app.shell.currentChanged?.connect(() => {
      const shown = app.shell.currentWidget?.node.querySelectorAll(".aspara-output[data-project]");
      const last = shown?.[shown.length - 1];
      if (last) hub.set({ project: last.dataset.project });
    });
    void Promise.resolve(app.restored).then(() => registry?.load(SETTINGS)).then((settings) => {
      const take = () => hub.set({ settings: { ...hub.settings, ...settings.composite } });
      settings?.changed.connect(take);
      if (settings) take();
    }).catch((error) => console.warn("Aspara uses its default settings:", error.message));
  }

  // src/lab/extension/index.ts
  var modules = {
    "./extension": extension,
    "./mimeExtension": mimeExtension
  };
  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB.aspara = { init: share, get: (name) => modules[name]() };
})();
