// Aspara in JupyterLab and Notebook 7, written by hand as a federated module: no bundler, nothing of JupyterLab copied.
// "./extension": sidebar, launcher card, palette and menu entries, the dashboard and runs in tabs, settings.
// "./mimeExtension": charts and tables in outputs. What they draw comes from our server extension (js/src/widget, js/src/lab),
// so that page and server are always of one version.
(() => {
  const MIMES = ["application/vnd.aspara.run+json", "application/vnd.aspara.chart+json", "application/vnd.aspara.table+json"];
  const SETTINGS = "aspara:dashboard";
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2a44"/><path d="M5 8c4 12 7 15 11 15s6-4 11-4" fill="none" stroke="#7fb0f5" stroke-width="3" stroke-linecap="round"/><path d="M5 14c5 8 9 6 13 3s5-6 9-7" fill="none" stroke="#f0a35e" stroke-width="3" stroke-linecap="round"/></svg>';
  // A sidebar's icons are drawn in one colour of the theme.
  const LINES =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke-width="2.6" stroke-linecap="round"><path class="jp-icon3" stroke="#616161" d="M4 5v22h24"/><path class="jp-icon3" stroke="#616161" d="M9 9c3 9 6 12 10 12s6-3 9-3"/><path class="jp-icon3" stroke="#616161" d="M9 21c5 3 8-2 11-6s5-6 8-7"/></g></svg>';
  let shared = {};

  /** What the two parts of the extension know of each other. */
  const hub = {
    settings: { openIn: "tab", followRuns: true, outputHeight: 0 },
    project: null,
    /** Opens a run, or the project if there is none; false where nothing could. */
    open: () => false,
    listeners: new Set(),
    set(changes) {
      Object.assign(this, changes);
      for (const listener of this.listeners) listener();
    },
  };

  /** A module that the application shares, or an empty one where it has none: every part of it is optional to us. */
  async function use(name) {
    const versions = Object.values(shared[name] ?? {});
    const found = versions.find((version) => version.loaded) ?? versions[0];
    return found ? (await found.get())() : {};
  }

  function baseUrl() {
    const data = document.getElementById("jupyter-config-data");
    const found = data ? JSON.parse(data.textContent).baseUrl : undefined;
    return new URL(found || "/", location.href).href;
  }

  // -- the front end, from our server extension -----------------------------------------------------------------------

  const loading = new Map();
  let manifest;

  /** A part of it, loaded once; a failure is not kept, so that the next one who needs it tries again. */
  function load(name) {
    if (!loading.has(name)) {
      const found = (async () => {
        const at = `${baseUrl()}static/aspara_jupyter/`;
        manifest ??= fetch(`${at}manifest.json`, { cache: "no-cache" }).then((answer) => {
          if (!answer.ok) throw new Error(`this Jupyter server has no Aspara extension (${answer.status})`);
          return answer.json();
        });
        const files = await manifest;
        return { app: await import(at + files[name]), at, files };
      })().catch((error) => {
        manifest = undefined;
        loading.delete(name);
        throw error;
      });
      loading.set(name, found);
    }
    return loading.get(name);
  }

  // -- charts and tables in outputs -----------------------------------------------------------------------------------

  async function mimeExtension() {
    const { Widget } = await use("@lumino/widgets");

    /** Draws an output and follows its updates; what it draws from is the bundle's business (see js/src/widget). */
    class RunOutput extends Widget {
      constructor() {
        super();
        this.addClass("aspara-output");
        this.output = null;
        this.node.addEventListener("aspara:open", (event) => {
          if (hub.open(event.detail.project, event.detail.run)) event.preventDefault();
        });
      }
      async renderModel(model) {
        this.data = model.data;
        const told = this.data[MIMES[0]] ?? this.data[MIMES[1]]?.runs?.[0];
        if (told) {
          this.node.dataset.project = told.project;
          if (told.status === "running") hub.set({ project: told.project });
        }
        try {
          const { app, at, files } = await load("widget.js");
          if (this.isDisposed) return;
          const place = { base: baseUrl(), plotly: async () => at + files["plotly.js"], height: hub.settings.outputHeight || null };
          if (this.output) this.output.update(this.data);
          else this.output = app.output(this.node, this.data, place);
        } catch (error) {
          if (!this.isDisposed) this.fallBack(error);
        }
      }
      /** Without our server extension: the picture that the notebook holds, as an image, so that no markup in it runs. */
      fallBack(error) {
        const picture = this.data["image/svg+xml"];
        const shown = document.createElement(picture ? "img" : "pre");
        if (picture) {
          const text = Array.isArray(picture) ? picture.join("") : String(picture);
          shown.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
          shown.style.maxWidth = "100%";
        } else {
          const text = this.data["text/plain"] ?? "";
          shown.textContent = `${Array.isArray(text) ? text.join("") : text}\n(What is live in it is not here: ${error.message}.)`;
        }
        this.node.replaceChildren(shown);
      }
      dispose() {
        if (!this.isDisposed) this.output?.end();
        super.dispose();
      }
    }

    const extension = {
      id: "aspara:run",
      description: "Draws runs, live and from the server, in notebooks with and without a kernel.",
      dataType: "json",
      // Before the widget's own view: this one needs no kernel, and takes live data from the widget where there is one.
      rank: -100,
      rendererFactory: { safe: true, mimeTypes: MIMES, createRenderer: () => new RunOutput() },
    };
    return () => ({ __esModule: true, default: extension });
  }

  // -- sidebar, tabs, commands ----------------------------------------------------------------------------------------

  async function extension() {
    const { Widget } = await use("@lumino/widgets");
    const { LabIcon } = await use("@jupyterlab/ui-components");
    const { ICommandPalette, WidgetTracker } = await use("@jupyterlab/apputils");
    const { ILayoutRestorer } = await use("@jupyterlab/application");
    const { ILauncher } = await use("@jupyterlab/launcher");
    const { IMainMenu } = await use("@jupyterlab/mainmenu");
    const { ISettingRegistry } = await use("@jupyterlab/settingregistry");

    /** A page of the dashboard in a tab. */
    class Page extends Widget {
      constructor(base, path, label, at) {
        super();
        this.path = path;
        this.root = `${base}aspara/`;
        this.last = at ?? path;
        this.id = path ? `aspara-${path}` : "aspara-dashboard";
        this.title.label = label;
        this.title.caption = path ? `Aspara: ${decodeURIComponent(path.replace(/^projects\//, "").replace("/runs/", "/"))}` : "Aspara: runs and their charts";
        this.title.closable = true;
        const frame = document.createElement("iframe");
        frame.src = this.root + this.last;
        this.frame = frame;
        frame.title = path ? `Aspara: ${label}` : "Aspara dashboard";
        frame.style.cssText = "border:0;width:100%;height:100%;display:block";
        this.node.append(frame);
      }
      /** Where in the dashboard it stands: after a reload of JupyterLab it stands there again. */
      get at() {
        try {
          const now = this.frame.contentWindow.location.href;
          if (now.startsWith(this.root)) this.last = now.slice(this.root.length);
        } catch {
          // Not there yet, or at a login of another site.
        }
        return this.last;
      }
    }

    /** The sidebar: loaded when it is first looked at, so that it costs nothing before. */
    class Runs extends Widget {
      constructor(context) {
        super();
        this.context = context;
        this.id = "aspara-runs";
        this.addClass("aspara-runs");
        this.title.caption = "Aspara: runs";
      }
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
          this.node.textContent = `The runs cannot be shown: ${error.message}.`;
          this.node.style.padding = "12px";
        }
      }
      dispose() {
        if (!this.isDisposed) this.end?.();
        super.dispose();
      }
    }

    const optional = [ILauncher, ICommandPalette, ILayoutRestorer, IMainMenu, ISettingRegistry];
    const there = optional.filter(Boolean);
    const plugin = {
      id: SETTINGS,
      description: "Shows runs in the sidebar, and the Aspara dashboard in tabs.",
      autoStart: true,
      optional: there,
      activate(app, ...given) {
        const [launcher, palette, restorer, menu, registry] = optional.map((token) => (token ? given[there.indexOf(token)] : null));
        const icon = LabIcon ? new LabIcon({ name: "aspara:logo", svgstr: ICON }) : undefined;
        const base = new URL(app.serviceManager.serverSettings.baseUrl, location.href).href;
        // Notebook 7 shows one document a page: what is opened gets a page of its own.
        const single = !launcher || /notebook/i.test(app.name ?? "");
        const tracker = WidgetTracker ? new WidgetTracker({ namespace: "aspara" }) : null;
        const pages = new Map();

        function open(path, label, beside, at) {
          if (single || hub.settings.openIn === "browser") {
            window.open(`${base}aspara/${path}`, path ? "_blank" : "aspara");
            return;
          }
          let page = pages.get(path);
          if (!page || page.isDisposed) {
            page = new Page(base, path, label, at);
            page.title.icon = icon;
            pages.set(path, page);
          }
          if (!page.isAttached) {
            const other = [...pages.values()].find((one) => one !== page && one.isAttached);
            const here = app.shell.currentWidget;
            const split = (beside || hub.settings.openIn === "beside") && here && !pages.has(here.path);
            const place = split ? (other ? { mode: "tab-after", ref: other.id } : { mode: "split-right", ref: here.id }) : {};
            app.shell.add(page, "main", place);
            void tracker?.add(page);
          }
          app.shell.activateById(page.id);
        }

        function openRun(project, run, label) {
          const place = `projects/${encodeURIComponent(project)}`;
          open(run ? `${place}/runs/${encodeURIComponent(run)}` : place, label ?? (run || project), true);
          return true;
        }
        hub.open = openRun;

        const text = { type: "string" };
        app.commands.addCommand("aspara:open", {
          label: "Aspara",
          caption: "Open the Aspara dashboard: runs and their live charts",
          icon,
          describedBy: { args: { type: "object", properties: { path: text, label: text, at: text } } },
          execute: (args) => open(args?.path ?? "", args?.label ?? "Aspara", false, args?.at),
        });
        app.commands.addCommand("aspara:open-run", {
          label: (args) => (args?.run ? `Charts of ${args.run}` : "Charts of a run"),
          caption: "Open the charts of a run beside the notebook",
          describedBy: { args: { type: "object", properties: { project: text, run: text }, required: ["project"] } },
          execute: (args) => void openRun(args.project, args.run ?? "", args.label),
        });
        launcher?.add({ command: "aspara:open", category: "Other", rank: 1 });
        palette?.addItem({ command: "aspara:open", category: "Aspara" });
        const entries = [{ command: "aspara:open" }];

        if (restorer && tracker && !single) {
          void restorer.restore(tracker, {
            command: "aspara:open",
            args: (page) => ({ path: page.path, label: page.title.label, at: page.at }),
            name: (page) => page.path || "dashboard",
          });
          // A page that changes its own address tells nobody.
          setInterval(() => {
            for (const page of pages.values()) {
              if (!page.isAttached || page.at === page.kept) continue;
              page.kept = page.at;
              void tracker.save(page);
            }
          }, 1000);
        }

        const watch = (listener) => {
          hub.listeners.add(listener);
          return () => hub.listeners.delete(listener);
        };
        const runs = new Runs({
          base,
          state: () => ({ project: hub.project, follow: hub.settings.followRuns }),
          watch,
          open: openRun,
        });
        runs.title.icon = LabIcon ? new LabIcon({ name: "aspara:lines", svgstr: LINES }) : undefined;
        try {
          app.shell.add(runs, "left", { rank: 350 });
          restorer?.add(runs, runs.id);
          app.commands.addCommand("aspara:show-runs", {
            label: "Aspara: Runs in the Sidebar",
            caption: "Show the runs of the notebook's project",
            describedBy: { args: { type: "object", properties: {} } },
            execute: () => {
              if (app.shell.expandLeft) app.shell.expandLeft(runs.id);
              app.shell.activateById(runs.id);
            },
          });
          palette?.addItem({ command: "aspara:show-runs", category: "Aspara" });
          entries.push({ command: "aspara:show-runs" });
        } catch {
          runs.dispose(); // a page without a sidebar
        }
        menu?.viewMenu?.addGroup(entries, 40);

        // The project is that of the notebook in front, by the runs that it shows.
        app.shell.currentChanged?.connect(() => {
          const shown = app.shell.currentWidget?.node.querySelectorAll(".aspara-output[data-project]") ?? [];
          const last = shown[shown.length - 1];
          if (last) hub.set({ project: last.dataset.project });
        });

        // After the start, which need not wait for settings of ours.
        void Promise.resolve(app.restored)
          .then(() => registry?.load(SETTINGS))
          .then((found) => {
            const take = () => hub.set({ settings: { ...hub.settings, ...found.composite } });
            found?.changed.connect(take);
            if (found) take();
          })
          .catch((error) => console.warn("Aspara goes by its default settings:", error.message ?? error));
      },
    };
    return () => ({ __esModule: true, default: [plugin] });
  }

  const modules = { "./extension": extension, "./mimeExtension": mimeExtension };
  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB.aspara = {
    init: (scope) => {
      shared = scope;
    },
    get: (name) => modules[name](),
  };
})();
