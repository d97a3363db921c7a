import "./summary.css";
import { digitsFor, formatExact, formatValue } from "../../core/format";
import { direction, type Goals, saidOf } from "../../core/goals";
import { matcher } from "../../core/sections";
import type { Json, MetricSummary, RunDetail } from "../../core/types";
import { EmptyState } from "../components/empty-state";
import type { Within } from "./tab-state";

/** What came out: of each metric the last, best, least, greatest and mean value with their steps; beside them what the program set. */
export function Summary({ detail, query, set }: { detail: RunDetail } & Within) {
  const search = query.get("search") ?? "";
  const own = ownValues(detail);
  const metrics = Object.entries(detail.metric_summary);
  if (metrics.length + own.length === 0)
    return (
      <EmptyState
        title="Nothing logged yet"
        code={'aspara.log({"loss": 0.5})\naspara.summary["verdict"] = "good"'}
      >
        <p>Every metric is summarized automatically. You can add results of your own.</p>
      </EmptyState>
    );
  const matches = matcher(search);
  const shown = metrics.filter(([metric]) => matches(metric));
  const goals = detail.goals ?? {};
  return (
    <>
      <div class="bar">
        <input
          type="search"
          data-search
          placeholder="Search summary"
          aria-label="Search summary"
          value={search}
          onInput={(event) => set({ search: event.currentTarget.value })}
        />
        <span class="faint small">
          {metrics.length} {metrics.length === 1 ? "metric" : "metrics"}
          {own.length > 0 && `, ${own.length} set by the program`}
        </span>
      </div>
      <div class={own.length > 0 ? "summary beside" : "summary"}>
        {metrics.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <section class="table-wrap" tabIndex={0} aria-label="Summary of the metrics">
            <table>
              <thead>
                <tr>
                  <th scope="col">Metric</th>
                  {["Last", "Best", "Min", "Max", "Mean", "Points"].map((name) => (
                    <th key={name} scope="col" class="number">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map(([metric, facts]) => {
                  const best = bestOf(metric, facts, goals);
                  const digits = digitsFor([facts.last, best?.value, facts.min, facts.max]);
                  return (
                    <tr key={metric}>
                      <th scope="row" title={metric}>
                        {metric}
                      </th>
                      <At value={facts.last} step={facts.last_step} digits={digits} />
                      {best ? (
                        <At value={best.value} step={best.step} digits={digits} title={best.why} strong />
                      ) : (
                        <td class="number faint">–</td>
                      )}
                      <At value={facts.min} step={facts.min_step} digits={digits} />
                      <At value={facts.max} step={facts.max_step} digits={digits} />
                      <td class="number">{formatValue(facts.mean)}</td>
                      <td class="number faint">{facts.count}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {shown.length === 0 && <p class="empty">No metrics match “{search}”.</p>}
          </section>
        )}
        {own.length > 0 && (
          <section class="card own" aria-label="Set by the program">
            <h2>Set by the program</h2>
            <dl class="facts">
              {own
                .filter(([key, value]) => matches(key) || matches(formatValue(value)))
                .map(([key, value]) => (
                  <div key={key}>
                    <dt>{key}</dt>
                    <dd>
                      <code>{formatExact(value)}</code>
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        )}
      </div>
    </>
  );
}

function At({
  value,
  step,
  digits,
  title,
  strong = false,
}: {
  value: number | string | null;
  step: number | null;
  digits: number;
  title?: string;
  strong?: boolean;
}) {
  return (
    <td class="number" title={title ?? (step === null ? undefined : `at step ${step}`)}>
      {strong ? <strong>{formatValue(value, digits)}</strong> : formatValue(value, digits)}
      {step !== null && value !== null && (
        <span class="at">
          <span class="sr">at step</span> @{step}
        </span>
      )}
    </td>
  );
}

interface Best {
  value: number | string | null;
  step: number | null;
  why: string;
}

/** By what the program defined, else by what the name tells. */
export function bestOf(metric: string, facts: MetricSummary, goals: Goals): Best | null {
  const said = saidOf(metric, goals);
  const way = said ?? direction(metric);
  const why =
    said !== null
      ? `${said === "min" ? "lowest" : "highest"} value, as set by define_metric()`
      : `${way === "min" ? "lowest" : "highest"} value, guessed from the name; set define_metric(goal=…) to choose`;
  if (facts.best !== undefined && facts.best !== null)
    return {
      value: facts.best,
      step: facts.best_step ?? null,
      why: said === null ? "best value, as set by define_metric()" : why,
    };
  if (way === null) return null;
  return way === "min"
    ? { value: facts.min, step: facts.min_step, why }
    : { value: facts.max, step: facts.max_step, why };
}

/** What the program put into the summary itself, flat; media are elsewhere. */
function ownValues(detail: RunDetail): [string, Json][] {
  const flat = (prefix: string, value: Json): [string, Json][] => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return [[prefix, value]];
    if ("_type" in value) return [];
    return Object.entries(value).flatMap(([key, inner]) => flat(`${prefix}.${key}`, inner));
  };
  const system = new Set(detail.captured_metrics ?? []);
  return Object.entries(detail.summary)
    .filter(([key]) => !(key in detail.metric_summary) && !system.has(key))
    .flatMap(([key, value]) => flat(key, value));
}
