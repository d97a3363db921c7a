import "./picture.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { boxesOf, type Mask, type MediaItem, masksOf } from "../../../core/media";
import { PALETTE, runColor } from "../../../core/palette";
import type { MediaClient } from "./media-client";

/** Pictures up to this size are shown with their pixels, larger ones smoothly. */
const SMALL = 256;
/** Masks of more pixels are not painted. */
const MOST = 16_000_000;

export function classKey(what: "box" | "mask", group: string, label: string): string {
  return JSON.stringify([what, group, label]);
}

/** A picture with its boxes and masks over it, as large as what it stands in. */
export function Picture({
  item,
  shelf,
  hidden,
  alt,
}: {
  item: MediaItem;
  shelf: MediaClient;
  hidden: ReadonlySet<string>;
  alt: string;
}) {
  const { width: w, height: h } = item.value;
  const [size, setSize] = useState<[number, number] | null>(
    typeof w === "number" && typeof h === "number" ? [w, h] : null,
  );
  if (item.name === null) return <span class="faint">no picture</span>;
  const boxes = size
    ? boxesOf(item.value, ...size).filter((box) => !hidden.has(classKey("box", box.group, box.label)))
    : [];
  return (
    <span class="picture" style={size ? { aspectRatio: `${size[0]} / ${size[1]}` } : {}}>
      <img
        src={shelf.file(item.name)}
        alt={alt}
        loading="lazy"
        class={size && Math.max(...size) <= SMALL ? "pixel" : ""}
        onLoad={(event) => {
          const { naturalWidth, naturalHeight } = event.currentTarget;
          if (!size && naturalWidth) setSize([naturalWidth, naturalHeight]);
        }}
      />
      {masksOf(item.value).map((mask) => (
        <MaskLayer key={mask.group} mask={mask} shelf={shelf} hidden={hidden} />
      ))}
      {size && boxes.length > 0 && (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} aria-hidden="true">
          {boxes.map((box, i) => (
            <g key={i} stroke={runColor(box.kind)}>
              <title>{`${box.label} ${box.score}`}</title>
              <rect
                x={box.x}
                y={box.y}
                width={box.width}
                height={box.height}
                vector-effect="non-scaling-stroke"
              />
            </g>
          ))}
        </svg>
      )}
      {size &&
        boxes.map((box, i) => (
          <span
            key={i}
            class="box-label"
            aria-hidden="true"
            style={{
              left: `${(box.x / size[0]) * 100}%`,
              top: `${(box.y / size[1]) * 100}%`,
              background: `color-mix(in srgb, ${runColor(box.kind)} 55%, black)`,
            }}
          >
            {box.label}
            {box.score && <i> {box.score}</i>}
          </span>
        ))}
    </span>
  );
}

/** The pixels of a mask are class numbers; each class has a colour, and none is the ground's. */
function MaskLayer({ mask, shelf, hidden }: { mask: Mask; shelf: MediaClient; hidden: ReadonlySet<string> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const picture = new Image();
    let gone = false;
    picture.onload = () => {
      const el = canvas.current;
      const { naturalWidth: width, naturalHeight: height } = picture;
      const context = el?.getContext("2d", { willReadFrequently: true });
      if (gone || !el || !context || width * height > MOST) return;
      el.width = width;
      el.height = height;
      context.drawImage(picture, 0, 0);
      const pixels = context.getImageData(0, 0, width, height);
      colored(pixels.data, mask, hidden);
      context.putImageData(pixels, 0, 0);
    };
    picture.src = shelf.file(mask.name);
    return () => {
      gone = true;
    };
  }, [mask.name, shelf, hidden]);
  return <canvas ref={canvas} class="mask" />;
}

function colored(pixels: Uint8ClampedArray, mask: Mask, hidden: ReadonlySet<string>): void {
  const known = Object.keys(mask.labels).length > 0;
  const table = Array.from({ length: 256 }, (_, id) => {
    const name = known ? String(id) : "";
    const shown = (id > 0 || String(id) in mask.labels) && !hidden.has(classKey("mask", mask.group, name));
    const color = PALETTE[id % PALETTE.length]!;
    return [...[1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)), shown ? 120 : 0];
  });
  for (let i = 0; i < pixels.length; i += 4) pixels.set(table[pixels[i]!]!, i);
}
