// Sidebar, tabs, launcher card, palette and menu entries, settings.
import { hub } from "./hub";
import {
  type Application,
  type Launcher,
  type MainMenu,
  type Palette,
  type Restorer,
  type SettingRegistry,
  shared,
  type Tracker,
  type WidgetClass,
} from "./jupyter";
import { type DashboardTab, widgets } from "./widgets";

const SETTINGS = "aspara:dashboard";
/** A page that changes its own address tells nobody: it is looked at so often, ms. */
const LOOK = 1000;
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2a44"/><path d="M5 8c4 12 7 15 11 15s6-4 11-4" fill="none" stroke="#7fb0f5" stroke-width="3" stroke-linecap="round"/><path d="M5 14c5 8 9 6 13 3s5-6 9-7" fill="none" stroke="#f0a35e" stroke-width="3" stroke-linecap="round"/></svg>';
// A sidebar's icons are drawn in one colour of the theme.
const LINES =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke-width="2.6" stroke-linecap="round"><path class="jp-icon3" stroke="#616161" d="M4 5v22h24"/><path class="jp-icon3" stroke="#616161" d="M9 9c3 9 6 12 10 12s6-3 9-3"/><path class="jp-icon3" stroke="#616161" d="M9 21c5 3 8-2 11-6s5-6 8-7"/></g></svg>';

type IconClass = new (options: { name: string; svgstr: string }) => unknown;

/** What the application offers, each null where it has no such thing. */
interface Services {
  launcher: Launcher | null;
  palette: Palette | null;
  restorer: Restorer | null;
  menu: MainMenu | null;
  registry: SettingRegistry | null;
}

/** The module that JupyterLab asks for plugins. */
export async function extension(): Promise<() => object> {
  const { Widget } = await shared<{ Widget: WidgetClass }>("@lumino/widgets");
  const { LabIcon } = await shared<{ LabIcon: IconClass }>("@jupyterlab/ui-components");
  const { ICommandPalette, WidgetTracker } = await shared<{
    ICommandPalette: object;
    WidgetTracker: new (options: { namespace: string }) => Tracker<DashboardTab>;
  }>("@jupyterlab/apputils");
  const { ILayoutRestorer } = await shared<{ ILayoutRestorer: object }>("@jupyterlab/application");
  const { ILauncher } = await shared<{ ILauncher: object }>("@jupyterlab/launcher");
  const { IMainMenu } = await shared<{ IMainMenu: object }>("@jupyterlab/mainmenu");
  const { ISettingRegistry } = await shared<{ ISettingRegistry: object }>("@jupyterlab/settingregistry");
  const tokens = {
    launcher: ILauncher,
    palette: ICommandPalette,
    restorer: ILayoutRestorer,
    menu: IMainMenu,
    registry: ISettingRegistry,
  };
  const present = Object.entries(tokens).filter(([, token]) => token);
  const icon = (name: string, svgstr: string) => (LabIcon ? new LabIcon({ name, svgstr }) : undefined);
  const plugin = {
    id: SETTINGS,
    description: "Shows runs in the sidebar, and the Aspara dashboard in tabs.",
    autoStart: true,
    optional: present.map(([, token]) => token),
    activate(app: Application, ...given: unknown[]) {
      const services = {
        ...{ launcher: null, palette: null, restorer: null, menu: null, registry: null },
        ...Object.fromEntries(present.map(([name], i) => [name, given[i] ?? null])),
      } as Services;
      const tracker = WidgetTracker ? new WidgetTracker({ namespace: "aspara" }) : null;
      activate(app, services, tracker, widgets(Widget!), icon);
    },
  };
  return () => ({ __esModule: true, default: [plugin] });
}

function activate(
  app: Application,
  { launcher, palette, restorer, menu, registry }: Services,
  tracker: Tracker<DashboardTab> | null,
  { Tab, Sidebar }: ReturnType<typeof widgets>,
  icon: (name: string, svg: string) => unknown,
): void {
  const logo = icon("aspara:logo", ICON);
  const base = new URL(app.serviceManager.serverSettings.baseUrl, location.href).href;
  // Notebook 7 shows one document a page: what is opened gets a page of its own.
  const single = !launcher || /notebook/i.test(app.name ?? "");
  const tabs = new Map<string, DashboardTab>();

  function open(path: string, label: string, beside: boolean, at?: string): void {
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

  /** Beside the notebook in front: with our other tabs, or in a new split. */
  function placement(tab: DashboardTab, beside: boolean): object {
    const front = app.shell.currentWidget;
    if (!beside || !front || tabs.has((front as DashboardTab).path)) return {};
    const other = [...tabs.values()].find((each) => each !== tab && each.isAttached);
    return other ? { mode: "tab-after", ref: other.id } : { mode: "split-right", ref: front.id };
  }

  function openRun(project: string, run: string, label?: string): boolean {
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
    execute: (args) => open(args?.path ?? "", args?.label ?? "Aspara", false, args?.at),
  });
  app.commands.addCommand("aspara:open-run", {
    label: (args) => (args?.run ? `Charts of ${args.run}` : "Charts of a run"),
    caption: "Open the charts of a run beside the notebook",
    describedBy: {
      args: { type: "object", properties: { project: text, run: text }, required: ["project"] },
    },
    execute: (args) => void openRun(args.project!, args.run ?? "", args.label),
  });
  launcher?.add({ command: "aspara:open", category: "Other", rank: 1 });
  palette?.addItem({ command: "aspara:open", category: "Aspara" });
  const entries = [{ command: "aspara:open" }];

  if (restorer && tracker && !single) {
    void restorer.restore(tracker, {
      command: "aspara:open",
      args: (tab) => ({ path: tab.path, label: tab.title.label, at: tab.at }),
      name: (tab) => tab.path || "dashboard",
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
    open: openRun,
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
      },
    });
    palette?.addItem({ command: "aspara:show-runs", category: "Aspara" });
    entries.push({ command: "aspara:show-runs" });
  } catch {
    sidebar.dispose(); // a page without a sidebar
  }
  menu?.viewMenu?.addGroup(entries, 40);

  // The project is that of the notebook in front, by the runs that it shows.
  app.shell.currentChanged?.connect(() => {
    const shown = app.shell.currentWidget?.node.querySelectorAll<HTMLElement>(".aspara-output[data-project]");
    const last = shown?.[shown.length - 1];
    if (last) hub.set({ project: last.dataset.project! });
  });

  // After the start, which need not wait for our settings.
  void Promise.resolve(app.restored)
    .then(() => registry?.load(SETTINGS))
    .then((settings) => {
      const take = () => hub.set({ settings: { ...hub.settings, ...settings!.composite } });
      settings?.changed.connect(take);
      if (settings) take();
    })
    .catch((error: Error) => console.warn("Aspara uses its default settings:", error.message));
}
