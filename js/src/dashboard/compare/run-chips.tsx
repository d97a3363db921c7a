import "./run-chips.css";
import { useEffect, useState } from "preact/hooks";
import { runColor } from "../../core/palette";
import type { Run, Status } from "../../core/types";
import { StatusBadge } from "../../panel/badges";
import { ErrorMessage } from "../../panel/error-message";
import { useApp } from "../app";
import { MOST_COMPARED } from "../components/limits";
import { Popover } from "../components/popover";
import type { CompareView } from "./view";

const FEW = 12;

/** The compared runs: each can be drawn or not, be the baseline, or go; others can come. */
export function RunChips({ project, view, runs }: { project: string; view: CompareView; runs: Run[] }) {
  const { address } = useApp();
  const [all, setAll] = useState(false);
  const shown = all ? runs : runs.slice(0, FEW);
  return (
    <ul class="compared" aria-label="Compared runs">
      {shown.map((run) => {
        const drawn = !view.hidden.value.has(run.run);
        const isBaseline = view.baseline === run.run;
        return (
          <li key={run.run} class={`card ${isBaseline ? "baseline" : ""}`}>
            <button
              type="button"
              class="swatch small"
              aria-pressed={drawn}
              aria-label={`Show ${run.name} in charts`}
              title={drawn ? "Hide in charts" : "Show in charts"}
              onClick={() => view.toggle(run.run)}
            >
              <i
                style={{
                  background: drawn ? runColor(run.color) : "transparent",
                  borderColor: runColor(run.color),
                }}
              />
            </button>
            <a href={address("projects", project, "runs", run.run)} title={run.name}>
              {run.name}
            </a>
            <StatusBadge status={run.status} dot />
            {isBaseline ? (
              <span class="chip" title="Other runs are compared with this run">
                baseline
              </span>
            ) : (
              <button
                type="button"
                class="icon-button"
                title="Compare other runs with this run"
                aria-label={`Make ${run.name} the baseline`}
                onClick={() => {
                  view.baseline = run.run;
                }}
              >
                Δ
              </button>
            )}
            <button
              type="button"
              class="icon-button"
              title="Remove from comparison"
              aria-label={`Remove ${run.name} from comparison`}
              onClick={() => view.remove(run.run)}
            >
              ×
            </button>
          </li>
        );
      })}
      {runs.length > FEW && (
        <li>
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `${runs.length - FEW} more`}
          </button>
        </li>
      )}
      {view.runs.value.length < MOST_COMPARED && (
        <li>
          <Popover text="+ Add run" label="Add run to comparison">
            {() => <Others project={project} view={view} />}
          </Popover>
        </li>
      )}
    </ul>
  );
}

interface Offer {
  run: string;
  name: string;
  status: Status;
  color: number;
}

/** The latest runs that are not compared yet, by name or tag. */
export function Others({ project, view }: { project: string; view: CompareView }) {
  const { source } = useApp();
  const [search, setSearch] = useState("");
  const [offers, setOffers] = useState<Offer[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const aborter = new AbortController();
    const query = { search, limit: String(view.runs.value.length + 20), fields: "name,status,color" };
    const timer = setTimeout(
      () =>
        source.json<{ runs: Offer[] }>(["projects", project, "runs"], query, aborter.signal).then(
          (found) => setOffers(found.runs),
          (e: Error) => !aborter.signal.aborted && setError(e.message),
        ),
      offers ? 150 : 0,
    );
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [search]);
  const left = offers?.filter((offer) => !view.runs.value.includes(offer.run)).slice(0, 20);
  return (
    <div class="others">
      <input
        type="search"
        placeholder="Name or tag"
        aria-label="Search runs by name or tag"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <ErrorMessage text={error} />
      <div class="menu-items">
        {left?.map((offer) => (
          <button key={offer.run} type="button" onClick={() => view.add(offer.run)}>
            <i class="dot" style={{ background: runColor(offer.color) }} aria-hidden="true" />
            <span class="cut">{offer.name}</span>
            <StatusBadge status={offer.status} dot />
          </button>
        ))}
      </div>
      {left?.length === 0 && (
        <p class="faint">{search ? `No other runs match “${search}”.` : "There are no other runs."}</p>
      )}
    </div>
  );
}
