// The parts of JupyterLab's interface that the extension uses. The application lends them at run time; nothing of it is bundled.

/** A lumino widget, as far as we use one. */
export interface Widget {
  readonly node: HTMLElement;
  readonly title: { label: string; caption: string; closable: boolean; icon?: unknown };
  readonly isAttached: boolean;
  readonly isDisposed: boolean;
  readonly isVisible: boolean;
  id: string;
  addClass(name: string): void;
  dispose(): void;
}

export type WidgetClass = new () => Widget;

export interface MimeModel {
  data: Record<string, unknown>;
}

export interface Command {
  label: string | ((args: CommandArguments) => string);
  caption: string;
  icon?: unknown;
  describedBy: { args: object };
  execute: (args: CommandArguments) => void;
}

export type CommandArguments = Partial<Record<"path" | "label" | "at" | "project" | "run", string>>;

export interface Application {
  readonly name?: string;
  readonly serviceManager: { serverSettings: { baseUrl: string } };
  readonly restored: Promise<unknown>;
  readonly commands: { addCommand(id: string, command: Command): void };
  readonly shell: {
    currentWidget: Widget | null;
    currentChanged?: { connect(slot: () => void): void };
    add(widget: Widget, area: string, options?: object): void;
    activateById(id: string): void;
    expandLeft?(id: string): void;
  };
}

export interface Launcher {
  add(item: object): void;
}
export interface Palette {
  addItem(item: object): void;
}
export interface Restorer {
  add(widget: Widget, name: string): void;
  restore<W>(
    tracker: Tracker<W>,
    options: { command: string; args: (widget: W) => object; name: (widget: W) => string },
  ): Promise<unknown>;
}
export interface Tracker<W> {
  add(widget: W): Promise<void>;
  save(widget: W): Promise<void>;
}
export interface MainMenu {
  viewMenu?: { addGroup(items: object[], rank: number): void };
}
export interface Settings {
  composite: Record<string, unknown>;
  changed: { connect(slot: () => void): void };
}
export interface SettingRegistry {
  load(id: string): Promise<Settings>;
}

/** What the application shares: modules by name and version. */
export type SharedScope = Record<
  string,
  Record<string, { loaded?: unknown; get(): Promise<() => unknown> | (() => unknown) }>
>;

let scope: SharedScope = {};

/** Takes what the application shares. */
export function share(given: SharedScope): void {
  scope = given;
}

/** A module that the application shares, or an empty one where it has none: every part of it is optional to us. */
export async function shared<T extends object>(name: string): Promise<Partial<T>> {
  const versions = Object.values(scope[name] ?? {});
  const module = versions.find((version) => version.loaded) ?? versions[0];
  return module ? ((await module.get())() as T) : {};
}

/** The address of the Jupyter server, ending in "/". */
export function baseUrl(): string {
  const data = document.getElementById("jupyter-config-data");
  const base = data ? (JSON.parse(data.textContent ?? "{}") as { baseUrl?: string }).baseUrl : undefined;
  return new URL(base || "/", location.href).href;
}
