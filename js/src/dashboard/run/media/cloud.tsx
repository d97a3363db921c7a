import "./cloud.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatBytes } from "../../../core/format";
import {
  type Cloud,
  type Frame,
  frame,
  moleculeCloud,
  objCloud,
  project,
  sceneCloud,
  stlCloud,
  type Turn,
} from "../../../core/plots/point-cloud";
import { ErrorMessage } from "../../../panel/error-message";
import { useLoaded } from "../../components/hooks";
import { readStart } from "../../components/partial-fetch";
import type { SingleProps } from "./simple-media";

const MOST = 30 << 20;
const READABLE = ["json", "obj", "stl", "pdb", "xyz"];
const SIZE = 560;
const MODELS = "Textured models take a 3D engine, which this page does not bring: of";
const WHY: Readonly<Record<string, string>> = {
  gltf: `${MODELS} a glTF model nothing is drawn.`,
  glb: `${MODELS} a glTF model nothing is drawn.`,
  babylon: `${MODELS} a Babylon scene nothing is drawn.`,
};

/** Points in space, to be turned by dragging or by the arrow keys. What cannot be read so is a download. */
export function PointCloud({ item, name, shelf }: SingleProps) {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  const readable = READABLE.includes(ending) && (item.size ?? 0) <= MOST;
  const {
    value: cloud,
    error,
    again,
  } = useLoaded(
    async (signal) =>
      readable ? read(ending, (await readStart(shelf.file(name), MOST, signal)).content) : null,
    [shelf, name],
  );
  if (error) return <ErrorMessage text={error} again={again} />;
  if (!readable || cloud === null)
    return (
      <p class="faint media-none">{why(ending, item.size ?? 0)} Download it to open it in a 3D viewer.</p>
    );
  if (!cloud) return <div class="media-waiting" aria-busy="true" />;
  return <Scene cloud={cloud} label={item.caption ?? `${item.metric} at step ${item.step}`} />;
}

/** Why a file is not drawn. */
function why(ending: string, size: number): string {
  if (WHY[ending]) return WHY[ending];
  if (!READABLE.includes(ending)) return `${ending} files cannot be displayed.`;
  if (size > MOST) return `A ${ending} file of ${formatBytes(size)} is too large to display.`;
  return `This ${ending} file has no readable points.`;
}

/** Points and edges, turned by hand. */
export function Scene({ cloud, label }: { cloud: Cloud; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [turn, setTurn] = useState<Turn>({ around: 0.6, up: 0.4, zoom: 1 });
  const within = useMemo(() => frame(cloud), [cloud]);
  const held = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const request = requestAnimationFrame(() => draw(canvas.current!, cloud, within, turn));
    return () => cancelAnimationFrame(request);
  }, [cloud, within, turn]);
  const by = (around: number, up: number, zoom = 1) =>
    setTurn((now) => ({
      around: now.around + around,
      up: Math.max(-1.57, Math.min(1.57, now.up + up)),
      zoom: Math.max(0.2, Math.min(30, now.zoom * zoom)),
    }));
  const keys: Record<string, [number, number, number?]> = {
    ArrowLeft: [0.1, 0],
    ArrowRight: [-0.1, 0],
    ArrowUp: [0, 0.1],
    ArrowDown: [0, -0.1],
    "+": [0, 0, 1.2],
    "-": [0, 0, 1 / 1.2],
  };
  return (
    <>
      <canvas
        ref={canvas}
        class="cloud"
        width={SIZE}
        height={SIZE}
        tabIndex={0}
        data-arrows
        role="img"
        aria-label={`${label}: ${cloud.total} points. Arrow keys rotate, plus and minus zoom.`}
        title="Drag to rotate, scroll to zoom"
        onPointerDown={(event) => {
          held.current = { x: event.clientX, y: event.clientY };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (!held.current) return;
          by((held.current.x - event.clientX) / 120, (event.clientY - held.current.y) / 120);
          held.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerUp={() => {
          held.current = null;
        }}
        onWheel={(event) => {
          event.preventDefault();
          by(0, 0, event.deltaY < 0 ? 1.1 : 1 / 1.1);
        }}
        onKeyDown={(event) => {
          const move = keys[event.key];
          if (!move) return;
          event.preventDefault();
          by(...move);
        }}
      />
      {cloud.total > cloud.points.length / 3 && (
        <p class="hint small">
          {cloud.points.length / 3} of {cloud.total} points are drawn.
        </p>
      )}
    </>
  );
}

function read(ending: string, content: Uint8Array<ArrayBuffer>): Cloud | null {
  if (ending === "stl") return stlCloud(content.buffer);
  const text = new TextDecoder().decode(content);
  if (ending === "obj") return objCloud(text);
  if (ending === "pdb" || ending === "xyz") return moleculeCloud(text, ending);
  try {
    return sceneCloud(JSON.parse(text));
  } catch {
    return null;
  }
}

function draw(canvas: HTMLCanvasElement, cloud: Cloud, within: Frame, turn: Turn): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const seen = project(cloud.points, within, turn, SIZE);
  const accent = getComputedStyle(canvas).getPropertyValue("--accent").trim() || "#2461c9";
  const count = seen.length / 3;
  const order = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => seen[3 * a + 2]! - seen[3 * b + 2]!,
  );
  const size = count > 5000 ? 2 : count > 500 ? 3.2 : 7;
  context.clearRect(0, 0, SIZE, SIZE);
  for (const i of order) {
    context.globalAlpha = 0.45 + 0.55 * ((seen[3 * i + 2]! / within.radius + 1) / 2);
    context.fillStyle = cloud.colors?.[i] || accent;
    context.beginPath();
    if (size > 4) context.arc(seen[3 * i]!, seen[3 * i + 1]!, size, 0, 7);
    else context.rect(seen[3 * i]! - size / 2, seen[3 * i + 1]! - size / 2, size, size);
    context.fill();
  }
  context.globalAlpha = 1;
  context.strokeStyle = "#e07b28";
  context.lineWidth = 1.5;
  const lines = project(cloud.edges, within, turn, SIZE);
  for (let i = 0; i < lines.length; i += 6) {
    context.beginPath();
    context.moveTo(lines[i]!, lines[i + 1]!);
    context.lineTo(lines[i + 3]!, lines[i + 4]!);
    context.stroke();
  }
}
