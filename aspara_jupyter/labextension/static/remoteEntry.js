// Aspara in JupyterLab and Notebook 7, written by hand as a federated module: no bundler, nothing of JupyterLab copied.
// "./extension": launcher card, palette entry, menu entry, the dashboard in a tab. "./mimeExtension": the chart of a run.
(() => {
  const MIME = "application/vnd.aspara.run+json";
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2a44"/><path d="M5 8c4 12 7 15 11 15s6-4 11-4" fill="none" stroke="#7fb0f5" stroke-width="3" stroke-linecap="round"/><path d="M5 14c5 8 9 6 13 3s5-6 9-7" fill="none" stroke="#f0a35e" stroke-width="3" stroke-linecap="round"/></svg>';
  let shared = {};

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

  // -- the chart of a run ---------------------------------------------------------------------------------------------

  let bundle;

  /** The front end from our server extension; a failure is not kept, so the next output tries again. */
  function load() {
    bundle ??= (async () => {
      const at = `${baseUrl()}static/aspara_jupyter/`;
      const answer = await fetch(`${at}manifest.json`, { cache: "no-cache" });
      if (!answer.ok) throw new Error(`this Jupyter server has no Aspara extension (${answer.status})`);
      const files = await answer.json();
      const app = await import(at + files["widget.js"]);
      return { app, place: { base: baseUrl(), plotly: async () => at + files["plotly.js"] } };
    })().catch((error) => {
      bundle = undefined;
      throw error;
    });
    return bundle;
  }

  async function mimeExtension() {
    const { Widget } = await use("@lumino/widgets");

    /** Draws an output and follows its updates; what it draws from is the bundle's business (see js/src/widget). */
    class RunOutput extends Widget {
      constructor() {
        super();
        this.addClass("aspara-output");
        this.output = null;
      }
      async renderModel(model) {
        this.data = model.data;
        try {
          const { app, place } = await load();
          if (this.isDisposed) return;
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
          shown.textContent = `${Array.isArray(text) ? text.join("") : text}\n(The live chart is not here: ${error.message}.)`;
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
      rendererFactory: { safe: true, mimeTypes: [MIME], createRenderer: () => new RunOutput() },
    };
    return () => ({ __esModule: true, default: extension });
  }

  // -- the dashboard in a tab -----------------------------------------------------------------------------------------

  async function extension() {
    const { Widget } = await use("@lumino/widgets");
    const { LabIcon } = await use("@jupyterlab/ui-components");
    const { ICommandPalette, WidgetTracker } = await use("@jupyterlab/apputils");
    const { ILayoutRestorer } = await use("@jupyterlab/application");
    const { ILauncher } = await use("@jupyterlab/launcher");
    const { IMainMenu } = await use("@jupyterlab/mainmenu");

    class Dashboard extends Widget {
      constructor(address) {
        super();
        this.id = "aspara-dashboard";
        this.title.label = "Aspara";
        this.title.caption = "Aspara: runs and their charts";
        this.title.closable = true;
        const frame = document.createElement("iframe");
        frame.src = address;
        frame.title = "Aspara dashboard";
        frame.style.cssText = "border:0;width:100%;height:100%;display:block";
        this.node.append(frame);
      }
    }

    const optional = [ILauncher, ICommandPalette, ILayoutRestorer, IMainMenu];
    const plugin = {
      id: "aspara:dashboard",
      description: "Opens the Aspara dashboard in a tab.",
      autoStart: true,
      optional: optional.filter(Boolean),
      activate(app, ...given) {
        const [launcher, palette, restorer, menu] = optional.map((token) =>
          token ? given[optional.filter(Boolean).indexOf(token)] : null,
        );
        const icon = LabIcon ? new LabIcon({ name: "aspara:logo", svgstr: ICON }) : undefined;
        const command = "aspara:open";
        const tracker = WidgetTracker ? new WidgetTracker({ namespace: "aspara" }) : null;
        let open = null;
        app.commands.addCommand(command, {
          label: "Aspara",
          caption: "Open the Aspara dashboard: runs and their live charts",
          icon,
          describedBy: { args: { type: "object", properties: {} } },
          execute: () => {
            const address = `${app.serviceManager.serverSettings.baseUrl}aspara/`;
            // Notebook 7 shows one document a page: the dashboard gets a page of its own.
            if (!launcher) return void window.open(address, "aspara");
            if (!open || open.isDisposed) {
              open = new Dashboard(address);
              open.title.icon = icon;
            }
            if (!open.isAttached) {
              app.shell.add(open, "main");
              void tracker?.add(open);
            }
            app.shell.activateById(open.id);
            return undefined;
          },
        });
        launcher?.add({ command, category: "Other", rank: 1 });
        palette?.addItem({ command, category: "Aspara" });
        menu?.viewMenu?.addGroup([{ command }], 40);
        if (restorer && tracker && launcher) void restorer.restore(tracker, { command, name: () => "dashboard" });
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
