import { useState } from "preact/hooks";
import { quoted } from "../../core/expression";
import type { Columns } from "./columns";
import { fieldOf, unquoted } from "./view";

const OWN =
  "status started finished updated duration age step tags notes group job_type host exit_code problems id run".split(
    " ",
  );

/** Which columns the table has. */
export function ColumnPicker({
  columns,
  fields,
  choose,
  reset,
}: {
  columns: Columns;
  fields: string[];
  choose: (fields: string[]) => void;
  reset: () => void;
}) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const groups: [string, string[]][] = [
    ["run", OWN],
    ["config", [...columns.config.keys()].sort().map((name) => fieldOf("config", name))],
    ["summary", [...columns.summary.keys()].sort().map((name) => fieldOf("summary", name))],
    [
      "metrics",
      [...columns.metrics]
        .sort()
        .flatMap((m) => [
          `last(${quoted(m)})`,
          `min(${quoted(m)})`,
          `max(${quoted(m)})`,
          `mean(${quoted(m)})`,
        ]),
    ],
  ];
  const shown = new Set(fields);
  return (
    <div class="picker">
      <input
        type="search"
        placeholder="Search columns"
        aria-label="Search columns"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="picker-lists">
        {groups.map(([group, all]) => {
          const found = all.filter((f) => !wanted || unquoted(f).toLowerCase().includes(wanted));
          if (found.length === 0) return null;
          const on = found.filter((f) => shown.has(f)).length;
          return (
            <fieldset key={group} class="plain">
              <legend>
                {group}{" "}
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    choose(
                      on === found.length
                        ? fields.filter((f) => !found.includes(f))
                        : [...fields, ...found.filter((f) => !shown.has(f)).slice(0, 100)],
                    )
                  }
                >
                  {on === found.length ? "none" : "all"}
                </button>
              </legend>
              {found.slice(0, 300).map((field) => (
                <label key={field} class="check">
                  <input
                    type="checkbox"
                    checked={shown.has(field)}
                    onChange={() =>
                      choose(shown.has(field) ? fields.filter((f) => f !== field) : [...fields, field])
                    }
                  />
                  <span>{unquoted(field).replace(/^(config|summary)\./, "")}</span>
                </label>
              ))}
              {found.length > 300 && <p class="faint">and {found.length - 300} more: search for them</p>}
            </fieldset>
          );
        })}
      </div>
      <button type="button" class="link" onClick={reset}>
        Those that tell most
      </button>
    </div>
  );
}
