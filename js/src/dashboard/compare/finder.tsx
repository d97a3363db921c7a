import type { ComponentChildren } from "preact";
import type { CompareView } from "./view";

/** What of a table of differences is shown: keys by text or regular expression, only what differs or all. */
export function Finder({
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
  const all = view.everything.value;
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
      <fieldset class="choice" aria-label="Keys shown">
        <button
          type="button"
          aria-pressed={!all}
          onClick={() => {
            view.everything.value = false;
          }}
        >
          what differs <span class="count">{differing}</span>
        </button>
        <button
          type="button"
          aria-pressed={all}
          onClick={() => {
            view.everything.value = true;
          }}
        >
          all <span class="count">{total}</span>
        </button>
      </fieldset>
      {children}
    </div>
  );
}
