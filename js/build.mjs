// Builds the dashboard, the notebook widget and JupyterLab's sidebar: minified, hashed names, packed files beside each, one manifest a folder.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { READABLE, readable } from "./readable.mjs";

const require = createRequire(import.meta.url);
const here = path.dirname(new URL(import.meta.url).pathname);
const vendored = (name, file) =>
  readFileSync(path.join(path.dirname(require.resolve(`${name}/package.json`)), file));
const plotly = vendored("plotly.js-basic-dist-min", "plotly-basic.min.js");
// For logged figures only, which may be heatmaps, boxes and histograms too; a page loads it when it has one to draw.
const figures = vendored("plotly.js-cartesian-dist-min", "plotly-cartesian.min.js");

async function bundle(entry, loader) {
  const built = await build({
    entryPoints: [path.join(here, entry)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: "out",
    write: false,
    legalComments: "none",
    loader,
  });
  return Object.fromEntries(
    built.outputFiles.map((file) => [path.extname(file.path), Buffer.from(file.contents)]),
  );
}

function emit(folder, files) {
  const target = path.join(here, "..", folder);
  mkdirSync(target, { recursive: true });
  // Brotli takes seconds for Plotly: what has the same name has the same content.
  const packed = new Map(
    readdirSync(target)
      .filter((name) => name.endsWith(".br"))
      .map((name) => [name, readFileSync(path.join(target, name))]),
  );
  for (const old of readdirSync(target)) rmSync(path.join(target, old));
  const manifest = {};
  for (const [name, content] of Object.entries(files)) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const extension = path.extname(name);
    // The icon keeps its name: browsers ask for it by that.
    const hashed = name === "icon.svg" ? name : `${path.basename(name, extension)}.${hash}${extension}`;
    manifest[name] = hashed;
    writeFileSync(path.join(target, hashed), content);
    writeFileSync(path.join(target, `${hashed}.gz`), gzipSync(content, { level: 9 }));
    if (hashed !== name)
      writeFileSync(
        path.join(target, `${hashed}.br`),
        packed.get(`${hashed}.br`) ?? brotliCompressSync(content),
      );
    console.log(
      `${folder}/${hashed}  ${(content.length / 1000).toFixed(0)} kB, ${(gzipSync(content).length / 1000).toFixed(0)} kB gzipped`,
    );
  }
  writeFileSync(path.join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

const dashboard = await bundle("src/dashboard/index.tsx", {});
emit("aspara/web/static", {
  "dashboard.js": dashboard[".js"],
  "dashboard.css": dashboard[".css"],
  "plotly.js": plotly,
  "figures.js": figures,
  "icon.svg": readFileSync(path.join(here, "src/styles/icon.svg")),
});
if (existsSync(path.join(here, "src/widget/index.tsx"))) {
  const widget = await bundle("src/widget/index.tsx", { ".css": "text" });
  const lab = await bundle("src/lab/index.tsx", { ".css": "text" });
  emit("aspara_jupyter/static", { "widget.js": widget[".js"], "lab.js": lab[".js"], "plotly.js": plotly });
}
for (const { entry, target, format } of READABLE) {
  const content = await readable(entry, format);
  // A file that did not change keeps its time.
  if (!existsSync(target) || readFileSync(target, "utf8") !== content) writeFileSync(target, content);
}
