// What the two parts of the extension, outputs and sidebar, know of each other.

export interface ExtensionSettings {
  openIn: "tab" | "beside" | "browser";
  followRuns: boolean;
  outputHeight: number;
}

interface HubState {
  settings: ExtensionSettings;
  /** The project of the notebook in front, by the runs that it shows. */
  project: string | null;
}

class Hub {
  settings: ExtensionSettings = { openIn: "tab", followRuns: true, outputHeight: 0 };
  project: string | null = null;
  /** Opens a run, or the project if there is none; false where nothing could. */
  open: (project: string, run: string, label?: string) => boolean = () => false;
  private readonly listeners = new Set<() => void>();

  set(changes: Partial<HubState>): void {
    Object.assign(this, changes);
    for (const listener of this.listeners) listener();
  }

  /** Calls the listener on every change; returns what ends it. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export const hub = new Hub();
