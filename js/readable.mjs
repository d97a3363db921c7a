// Files that other programs load by their names, as readable as their sources: kept in the repository and installed as they are.
import path from "node:path";
import { build } from "esbuild";

const here = path.dirname(new URL(import.meta.url).pathname);

export const READABLE = [
  {
    entry: "src/lab/extension/index.ts",
    target: path.join(here, "../aspara_jupyter/labextension/static/remoteEntry.js"),
    format: "iife",
  },
  { entry: "src/widget/loader.ts", target: path.join(here, "../aspara_jupyter/loader.js"), format: "esm" },
];

/** The text of such a file, out of its source. */
export async function readable(entry, format) {
  const built = await build({
    entryPoints: [path.join(here, entry)],
    absWorkingDir: here,
    bundle: true,
    format,
    target: "es2022",
    write: false,
    charset: "utf8",
    banner: { js: `// Built from js/${entry} by js/build.mjs: change it there.` },
  });
  return built.outputFiles[0].text;
}
