import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = new URL("../src", import.meta.url).pathname;

/** What each room may import from, besides itself. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  core: [],
  chart: ["core"],
  source: ["core"],
  state: ["core", "chart", "source"],
  panel: ["core", "chart", "source", "state"],
  lab: ["core", "source", "panel", "styles"],
  widget: ["core", "chart", "source", "state", "panel", "styles"],
  dashboard: ["core", "chart", "source", "state", "panel", "styles"],
};
/** Likewise within the dashboard. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "page-memory.ts": [],
  "project-deletions.ts": [],
  "app.ts": ["page-memory.ts", "project-deletions.ts"],
  components: ["app.ts"],
  run: ["app.ts", "components"],
  table: ["app.ts", "components"],
  compare: ["app.ts", "components", "table"],
  pages: ["app.ts", "components", "run", "table", "compare"],
  "index.tsx": ["app.ts", "components", "pages"],
};

/** Who shows an error: the part for that, and the filter, whose every key would be told. */
const ERRORS = ["panel/error-message.tsx", "dashboard/table/filter.tsx"];

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.tsx?$/.test(name),
);

/** The files of ours that a file imports, those of which it takes only types apart. */
function imports(file: string): { name: string; types: boolean }[] {
  const text = readFileSync(path.join(SOURCE, file), "utf8");
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:([^;"]*?)\s+from\s+)?"(\.[^"]+)"/gm);
  return [...found].map(([, type, names, at]) => {
    const asked = path.join(path.dirname(file), at!);
    const name = [asked, `${asked}.ts`, `${asked}.tsx`, `${asked}/index.tsx`].find((one) =>
      files.includes(one),
    );
    const every = names?.match(/^\{(.*)\}$/s)?.[1]?.split(",");
    const types = every?.every((one) => /^\s*(type\s|$)/.test(one)) ?? false;
    return { name: name ?? asked, types: type !== undefined || types };
  });
}

/** Imports that go where the rooms, which are parts `depth` of the names, do not allow it. */
function trespasses(
  depth: number,
  within: string,
  below: Readonly<Record<string, readonly string[]>>,
): string[] {
  return files
    .filter((file) => file.startsWith(within))
    .flatMap((file) =>
      imports(file)
        .filter(({ name }) => name.startsWith(within))
        .flatMap(({ name }) => {
          const [from, to] = [file.split(path.sep)[depth]!, name.split(path.sep)[depth]!];
          return from === to || below[from]?.includes(to) ? [] : [`${file} imports ${name}`];
        }),
    );
}

describe("the rooms of the front end", () => {
  it("import what stands below them and nothing else", () => expect(trespasses(0, "", BELOW)).toEqual([]));

  it("of the dashboard too", () => expect(trespasses(1, `dashboard${path.sep}`, PARTS)).toEqual([]));

  it("have no circle of files", () => {
    const begun = new Set<string>();
    const way: string[] = [];
    const circles: string[] = [];
    const walk = (file: string) => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" → "));
      if (begun.has(file)) return;
      begun.add(file);
      way.push(file);
      for (const { name, types } of imports(file)) if (!types && files.includes(name)) walk(name);
      way.pop();
    };
    files.forEach(walk);
    expect(circles).toEqual([]);
  });

  it("have no page in core, and no network in core and chart", () => {
    const page = /\b(?:document|window|localStorage|navigator)\.|\b(?:requestAnimationFrame|matchMedia)\(/;
    const network = /\b(?:fetch|WebSocket|EventSource|XMLHttpRequest)\(/;
    const wrong = files.filter((file) => {
      const text = readFileSync(path.join(SOURCE, file), "utf8");
      const [room] = file.split(path.sep);
      return (
        (room === "core" && (page.test(text) || network.test(text))) ||
        (room === "chart" && network.test(text))
      );
    });
    expect(wrong).toEqual([]);
  });

  it("tell every error aloud", () => {
    const silent = files.filter(
      (file) => /class="error/.test(readFileSync(path.join(SOURCE, file), "utf8")) && !ERRORS.includes(file),
    );
    expect(silent).toEqual([]);
  });
});
