import { effect, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { captured, matcher, type Section, sections, within } from "../core/sections";
import type { Run } from "../core/types";
import type { ChartSettings } from "../state/chart-settings";
import type { ProjectStore } from "../state/project-store";
import { CardGrid, columnsIn, spread, useWidth } from "./card-grid";
import { ChartContext } from "./chart-context";
import { ChartLayout } from "./chart-layout";
import { Legend, type NamedGroup } from "./legend";
import { PanelContext } from "./panel-context";

const PINNED = "pinned";

/** All charts of a board (or those `among`) in sections by prefix (or, `flat`, in one), filtered by name. */
export function ChartGrid({
  board,
  view,
  shown,
  flat = false,
  among,
  under = "",
  empty,
  onGroups,
  pointed,
}: {
  board: ProjectStore;
  view: ChartSettings;
  shown: Run[];
  flat?: boolean;
  /** Whether a metric is among those shown; all are where it is not said. */
  among?: (metric: string) => boolean;
  /** What all names begin with: sections are made of what comes after it. */
  under?: string;
  /** What is said where there is no metric. */
  empty?: ComponentChildren;
  /** Is told of the groups that are drawn, where groups are. */
  onGroups?: (groups: readonly NamedGroup[]) => void;
  /** The run whose name the pointer is on elsewhere on the page. */
  pointed?: ReadonlySignal<string | null>;
}) {
  const environment = useContext(PanelContext)!;
  const easel = useMemo(() => new ChartContext(environment.plotly), []);
  useEffect(() => {
    const aborter = new AbortController();
    easel.rest.watch(document, aborter.signal);
    return () => aborter.abort();
  }, [easel]);
  // Only the lines change with the pointer, nothing is drawn anew.
  useEffect(() => pointed && effect(() => easel.hover.emphasize(pointed.value)), [easel, pointed]);
  const groups = easel.groups.value;
  useEffect(() => onGroups?.(groups), [groups, onGroups]);
  const arrangement = useMemo(() => new ChartLayout(board.project), [board.project]);
  const [box, width] = useWidth();
  const [dragged, setDragged] = useState<string | null>(null);
  useEffect(() => board.draw(shown.map((run) => run.run)), [board, shown]);
  const filter = view.filter.value;
  const full = view.full.value;
  const all = board.metrics.value;
  const definitions = board.definitions.value;
  const searched = filter.trim() !== "";
  const metrics = useMemo(
    () => all.filter((metric) => (among?.(metric) ?? true) && (searched || !definitions.hides(metric))),
    [all, among, definitions, searched],
  );
  const pins = arrangement.pins.value;
  const order = arrangement.order.value;
  const found = useMemo(() => {
    const matches = matcher(filter);
    const kept = metrics.filter(matches);
    const grouped = sections(kept, order, under);
    const all: Section[] =
      flat && grouped.length > 1 ? [{ name: "", metrics: grouped.flatMap((g) => g.metrics) }] : grouped;
    const pinned = pins.filter((metric) => kept.includes(metric));
    return { all, pinned };
  }, [metrics, filter, pins, order, flat, under]);
  if (metrics.length === 0 && !board.loading.value) {
    if (empty) return <>{empty}</>;
    return (
      <p class="empty">
        No metrics yet. The first{" "}
        <code>
          aspara.log({"{"}"loss": 0.5{"}"})
        </code>{" "}
        makes a chart appear here.
      </p>
    );
  }
  if (found.all.length === 0 && !board.loading.value)
    return (
      <p class="empty">
        No metric matches “{filter}”.{" "}
        <button
          type="button"
          class="link"
          onClick={() => {
            view.filter.value = "";
          }}
        >
          Show all {metrics.length}
        </button>
      </p>
    );
  const size = view.size.value;
  const columns = columnsIn(width, size);
  const common = { board, view, shown, easel, arrangement, columns, total: metrics.length };
  const counts = found.all.map((section) => section.metrics.length);
  const spans = spread(found.pinned.length > 0 ? [found.pinned.length, ...counts] : counts, columns);
  const names = found.all.map((section) => section.name);
  return (
    <div class={`sections size-${size}`} ref={box}>
      {view.group.value && groups.length > 0 && <Legend label="Groups" entries={groups} />}
      {found.pinned.length > 0 && (
        <section style={spanning(spans[0]!)}>
          <SectionHead name={PINNED} title={PINNED} count={found.pinned.length} arrangement={arrangement} />
          {arrangement.isOpen(PINNED) && <CardGrid {...common} metrics={found.pinned} label={whole} />}
        </section>
      )}
      {found.all.map((section, place) => {
        const open = arrangement.isOpen(section.name);
        const inFull = full !== null && section.metrics.includes(full) && !pins.includes(full);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a heading dropped here; buttons do the same
          <section
            key={section.name}
            class={dragged === section.name ? "dragged" : ""}
            style={spanning(spans[place + Number(found.pinned.length > 0)]!)}
            onDragOver={(event) => dragged !== null && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null && dragged !== section.name) arrangement.move(dragged, place, names);
              setDragged(null);
            }}
          >
            <SectionHead
              name={section.name}
              title={
                section.name === under ? (under === "" ? "metrics" : "machine") : within(under, section.name)
              }
              count={section.metrics.length}
              arrangement={arrangement}
              {...(names.length > 1 ? { order: { place, names, drag: setDragged } } : {})}
            />
            {(open || inFull) && (
              <CardGrid
                {...common}
                metrics={open ? section.metrics : [full!]}
                label={flat ? whole : (metric) => (under ? captured : within)(section.name, metric)}
              />
            )}
          </section>
        );
      })}
    </div>
  );
}

const whole = (metric: string) => metric;

function spanning(columns: number) {
  return { gridColumn: `span ${columns}` };
}

function SectionHead({
  name,
  title,
  count,
  arrangement,
  order,
}: {
  name: string;
  title: string;
  count: number;
  arrangement: ChartLayout;
  order?: { place: number; names: string[]; drag: (name: string | null) => void };
}) {
  const open = arrangement.isOpen(name);
  return (
    <h2
      class="section-head"
      draggable={order !== undefined}
      onDragStart={(event) => {
        event.dataTransfer?.setData("text/plain", title);
        order?.drag(name);
      }}
      onDragEnd={() => order?.drag(null)}
    >
      <button type="button" class="fold" aria-expanded={open} onClick={() => arrangement.toggle(name)}>
        <span class="arrow" aria-hidden="true">
          {open ? "▾" : "▸"}
        </span>
        {title}
        <span class="count">{count}</span>
      </button>
      {order && (
        <span class="section-order">
          <button
            type="button"
            disabled={order.place === 0}
            aria-label={`Move section ${title} up`}
            title="Move up (or drag the heading)"
            onClick={() => arrangement.move(name, order.place - 1, order.names)}
          >
            ↑
          </button>
          <button
            type="button"
            disabled={order.place === order.names.length - 1}
            aria-label={`Move section ${title} down`}
            title="Move down (or drag the heading)"
            onClick={() => arrangement.move(name, order.place + 1, order.names)}
          >
            ↓
          </button>
        </span>
      )}
    </h2>
  );
}
