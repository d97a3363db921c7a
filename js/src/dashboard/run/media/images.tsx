import "./images.css";
import { useMemo, useState } from "preact/hooks";
import { boxesOf, type MediaItem, masksOf } from "../../../core/media";
import { runColor } from "../../../core/palette";
import { Lightbox } from "./lightbox";
import type { MediaClient } from "./media-client";
import { classKey, Picture } from "./picture";

/** Pictures of a step as tiles; boxes and masks can be taken off by class. */
export function Images({ items, shelf }: { items: MediaItem[]; shelf: MediaClient }) {
  const [open, setOpen] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const classes = useMemo(() => classesOf(items), [items]);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <>
      {classes.length > 0 && (
        <fieldset class="legend" aria-label="Boxes and masks">
          {classes.map(({ key, text, kind }) => (
            <button key={key} type="button" aria-pressed={!hidden.has(key)} onClick={() => toggle(key)}>
              <i class="dot" style={{ background: runColor(kind) }} aria-hidden="true" />
              {text}
            </button>
          ))}
        </fieldset>
      )}
      <ul class={`tiles ${items.length === 1 ? "single" : ""}`}>
        {items.map((item, i) => (
          <li key={i}>
            <button type="button" class="tile" onClick={() => setOpen(i)} title="Enlarge">
              <Picture
                item={item}
                shelf={shelf}
                hidden={hidden}
                alt={item.caption ?? `Image ${i + 1} of ${item.metric}`}
              />
            </button>
            {item.caption && <p class="small">{item.caption}</p>}
          </li>
        ))}
      </ul>
      {open !== null && items[open] && (
        <Lightbox items={items} at={open} go={setOpen} shelf={shelf} hidden={hidden} />
      )}
    </>
  );
}

interface Class {
  key: string;
  text: string;
  kind: number;
}

function classesOf(items: readonly MediaItem[]): Class[] {
  const found = new Map<string, Class>();
  for (const { value } of items) {
    for (const { group, label, kind } of boxesOf(value, 1, 1)) {
      const key = classKey("box", group, label);
      found.set(key, { key, text: `${group}: ${label}`, kind });
    }
    for (const { group, labels } of masksOf(value)) {
      const all = Object.entries(labels);
      for (const [id, label] of all) {
        const key = classKey("mask", group, id);
        found.set(key, { key, text: `${group}: ${label}`, kind: Number(id) || 0 });
      }
      if (all.length === 0) {
        const key = classKey("mask", group, "");
        found.set(key, { key, text: group, kind: 1 });
      }
    }
  }
  return [...found.values()];
}
