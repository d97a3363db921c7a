export interface Section {
  name: string;
  metrics: string[];
}

/** The section of what the machine did; it stands at the end, and closed until somebody opens it. */
export const SYSTEM = "system";

/**
 * Metrics grouped by what stands before their first "/"; those without one come first, "system" last. Sections named in
 * `order` come before the others, in that order. Below `under` ("system/") they are grouped by what comes next.
 */
export function sections(metrics: Iterable<string>, order: readonly string[] = [], under = ""): Section[] {
  const groups = new Map<string, string[]>();
  for (const metric of [...metrics].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
    const slash = metric.indexOf("/", under.length);
    const name = slash > under.length ? metric.slice(0, slash) : under;
    const group = groups.get(name);
    if (group) group.push(metric);
    else groups.set(name, [metric]);
  }
  const rank = (name: string) => (name === under ? 0 : name === SYSTEM ? 2 : 1);
  const place = (name: string) => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  return [...groups]
    .map(([name, names]) => ({ name, metrics: names }))
    .sort(
      (a, b) =>
        place(a.name) - place(b.name) ||
        rank(a.name) - rank(b.name) ||
        a.name.localeCompare(b.name, "en", { numeric: true }),
    );
}

/** Whether a metric tells of the machine. */
export function isSystem(metric: string): boolean {
  return metric.startsWith(`${SYSTEM}/`);
}

/** A metric's name within its section. */
export function within(section: string, metric: string): string {
  if (section === "") return metric;
  return metric.slice(section.endsWith("/") ? section.length : section.length + 1);
}

/** What is captured of the machine is counted in units, which its names do not tell. */
const UNITS: [RegExp, string][] = [
  [/^system\/(cpu|memory|disk|process\/cpu|gpu\.\d+\/(utilization|memory))$/, "%"],
  [/^system\/(process\/memory|gpu\.\d+\/memory_used)$/, "MB"],
  [/^system\/(disk|network)_\w+$/, "MB/s"],
  [/^system\/gpu\.\d+\/power$/, "W"],
  [/^system\/gpu\.\d+\/temperature$/, "°C"],
];

/** A captured metric's name within its section, with its unit: "disk read, MB/s". */
export function captured(section: string, metric: string): string {
  const unit = UNITS.find(([pattern]) => pattern.test(metric))?.[1];
  const name = within(section, metric);
  return unit ? `${name.replaceAll("_", " ")}, ${unit}` : name;
}

/**
 * A filter typed by a person: what holds it as plain text matches, and what it matches as a regular expression; case does not
 * matter. So a pasted `loss[delta=1.3]` finds the metric of that name.
 */
export function matcher(filter: string): (text: string) => boolean {
  const wanted = filter.trim();
  if (wanted === "") return () => true;
  const plain = wanted.toLowerCase();
  const pattern = regexOf(wanted);
  return (text) => text.toLowerCase().includes(plain) || (pattern?.test(text) ?? false);
}

/** Why a filter is no regular expression, if it is none; it is looked for as plain text then. */
export function regexProblem(filter: string): string | null {
  const wanted = filter.trim();
  return regexOf(wanted) ? null : `Not a valid regular expression: searching for “${wanted}” as text.`;
}

function regexOf(wanted: string): RegExp | null {
  try {
    return new RegExp(wanted, "i");
  } catch {
    return null;
  }
}
