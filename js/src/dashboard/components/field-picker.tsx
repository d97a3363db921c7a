import "./field-picker.css";
import { useState } from "preact/hooks";

/** So many of a group are listed before somebody searches, and so many are taken at once. */
const LISTED = 300;
const AT_ONCE = 100;

/** Fields in groups, each of which can be among the chosen ones or not. */
export function FieldPicker({
  what,
  groups,
  chosen,
  name,
  choose,
  reset,
}: {
  /** What they are for: "columns". */
  what: string;
  groups: readonly { name: string; fields: readonly string[] }[];
  chosen: readonly string[];
  /** What a field is called within its group. */
  name: (field: string) => string;
  choose: (fields: string[]) => void;
  reset: () => void;
}) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = new Set(chosen);
  return (
    <div class="picker">
      <input
        type="search"
        placeholder={`Search ${what}`}
        aria-label={`Search ${what}`}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="picker-lists">
        {groups.map((group) => {
          const found = group.fields.filter(
            (f) => f.toLowerCase().includes(wanted) || name(f).toLowerCase().includes(wanted),
          );
          if (found.length === 0) return null;
          const all = found.every((f) => shown.has(f));
          return (
            <fieldset key={group.name} class="plain">
              <legend>
                {group.name}{" "}
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    choose(
                      all
                        ? chosen.filter((f) => !found.includes(f))
                        : [...chosen, ...found.filter((f) => !shown.has(f)).slice(0, AT_ONCE)],
                    )
                  }
                >
                  {all ? "none" : "all"}
                </button>
              </legend>
              {found.slice(0, LISTED).map((field) => (
                <label key={field} class="check">
                  <input
                    type="checkbox"
                    checked={shown.has(field)}
                    onChange={() =>
                      choose(shown.has(field) ? chosen.filter((f) => f !== field) : [...chosen, field])
                    }
                  />
                  <span>{name(field)}</span>
                </label>
              ))}
              {found.length > LISTED && (
                <p class="faint">{found.length - LISTED} more: search to find them</p>
              )}
            </fieldset>
          );
        })}
      </div>
      <button type="button" class="link" onClick={reset}>
        Reset to suggested {what}
      </button>
    </div>
  );
}
