// @vitest-environment node
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = new URL("../src", import.meta.url).pathname;
/** The styles of the dashboard's components; what several share lies in styles/. */
const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".css") && name.startsWith("dashboard/"),
);

/** The classes that rules of a file begin with: what the file styles. */
function styled(file: string): Set<string> {
  const text = readFileSync(path.join(SOURCE, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const selectors = [...text.matchAll(/(?:^|[{}])\s*([^{}@]+)\{/g)].flatMap(([, selector]) =>
    selector!.split(","),
  );
  return new Set(
    selectors.flatMap((selector) => /^\s*(?:[a-z]*)\.([A-Za-z][\w-]*)/.exec(selector)?.[1] ?? []),
  );
}

describe("the styles of the dashboard", () => {
  it("say of each class in one component alone what it looks like", () => {
    const owners = new Map<string, string[]>();
    for (const file of files)
      for (const name of styled(file)) owners.set(name, [...(owners.get(name) ?? []), file]);
    expect([...owners].filter(([, places]) => places.length > 1)).toEqual([]);
  });

  it("of a component lie beside it, and it imports them", () => {
    for (const file of files) {
      const component = path.join(SOURCE, file.replace(/\.css$/, ".tsx"));
      expect(existsSync(component), file).toBe(true);
      expect(readFileSync(component, "utf8")).toContain(`import "./${path.basename(file)}";`);
    }
  });

  it("are short", () => {
    for (const file of files)
      expect(readFileSync(path.join(SOURCE, file), "utf8").split("\n").length, file).toBeLessThan(250);
  });
});
