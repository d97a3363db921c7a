import { signal } from "@preact/signals";
import { SYSTEM } from "../core/sections";
import { remember, remembered } from "../state/chart-settings";

/** How a person has arranged the charts of a project: kept by the browser. */
export class ChartLayout {
  readonly pins = signal<readonly string[]>([]);
  readonly order = signal<readonly string[]>([]);
  /** Sections that were opened or closed by hand. */
  private readonly opened = signal<Readonly<Record<string, boolean>>>({});
  private readonly key: string;

  constructor(project: string) {
    this.key = `aspara-charts-${project}`;
    let kept: { pins?: unknown; order?: unknown; opened?: unknown } = {};
    try {
      kept = JSON.parse(remembered(this.key) ?? "{}") ?? {};
    } catch {
      // What cannot be read is as good as nothing.
    }
    this.pins.value = texts(kept.pins);
    this.order.value = texts(kept.order);
    if (kept.opened && typeof kept.opened === "object")
      this.opened.value = kept.opened as Record<string, boolean>;
  }

  /** Open unless closed by hand; what the machine did is closed unless opened. */
  isOpen(section: string): boolean {
    return this.opened.value[section] ?? section !== SYSTEM;
  }

  toggle(section: string): void {
    this.opened.value = { ...this.opened.value, [section]: !this.isOpen(section) };
    this.keep();
  }

  pin(metric: string): void {
    const pins = this.pins.value;
    this.pins.value = pins.includes(metric) ? pins.filter((m) => m !== metric) : [...pins, metric];
    this.keep();
  }

  /** Puts a section to a place among those that `shown` lists as they stand now. */
  move(section: string, place: number, shown: readonly string[]): void {
    const others = shown.filter((name) => name !== section);
    const at = Math.max(0, Math.min(place, others.length));
    this.order.value = [...others.slice(0, at), section, ...others.slice(at)];
    this.keep();
  }

  private keep(): void {
    const { pins, order, opened } = this;
    remember(this.key, JSON.stringify({ pins: pins.value, order: order.value, opened: opened.value }));
  }
}

function texts(found: unknown): string[] {
  return Array.isArray(found) ? found.filter((text): text is string => typeof text === "string") : [];
}
