import "./diff-filter.css";
import type { ComponentChildren } from "preact";
import { SegmentedControl } from "../../panel/segmented-control";
import type { CompareView } from "./view";

/** What of a table of differences is shown: keys by text or regular expression, only what differs or all. */
export function DiffFilter({
  view,
  differing,
  total,
  placeholder,
  children,
}: {
  view: CompareView;
  differing: number;
  total: number;
  placeholder: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="controls-row finder">
      <input
        type="search"
        data-search
        placeholder={placeholder}
        aria-label={`${placeholder}, by text or regular expression`}
        value={view.search.value}
        onInput={(event) => {
          view.search.value = event.currentTarget.value;
        }}
      />
      <SegmentedControl
        label="Show keys"
        options={[
          ["some", <Counted key="some" text="Differences" count={differing} />],
          ["all", <Counted key="all" text="All" count={total} />],
        ]}
        value={view.everything.value ? "all" : "some"}
        choose={(which) => {
          view.everything.value = which === "all";
        }}
      />
      {children}
    </div>
  );
}

function Counted({ text, count }: { text: string; count: number }) {
  return (
    <>
      {text} <span class="count">{count}</span>
    </>
  );
}
