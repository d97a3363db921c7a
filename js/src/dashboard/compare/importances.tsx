import "./importances.css";
import { type Findings, labelOf } from "./findings";

/** With fewer runs than this chance draws the picture. */
const FEW = 20;
/** So many parameters are listed before somebody looks for more. */
const MOST = 30;

/** How much each parameter has to do with the result, and how far that can be trusted. */
export function Importances({
  found,
  fields,
  change,
}: {
  found: Findings;
  fields: string[];
  change: (axes: string[]) => void;
}) {
  const { target, count } = found;
  if (target === null) return <p class="empty">No run has a numeric result yet.</p>;
  const known = found.parameters.filter((p) => p.share !== undefined);
  const silent = found.parameters.length - known.length;
  return (
    <>
      {known.length > 0 && count < Math.max(FEW, 5 * known.length) && (
        <p class="warn">
          Too few runs for a reliable ranking: {count} runs for {known.length}{" "}
          {known.length === 1 ? "parameter" : "parameters"}.
        </p>
      )}
      {known.length === 0 ? (
        <p class="empty">Too few runs have {target}.</p>
      ) : (
        <table class="importance">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Importance</th>
              <th scope="col" class="number" title="Spearman's rank correlation with the result">
                ρ
              </th>
              <th scope="col" class="number">
                Runs
              </th>
            </tr>
          </thead>
          <tbody>
            {known.slice(0, MOST).map(({ field, share, correlation, count: runs }) => (
              <tr key={field}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    aria-pressed={fields.includes(field)}
                    title={fields.includes(field) ? "Remove this axis" : "Add as an axis"}
                    onClick={() =>
                      change(fields.includes(field) ? fields.filter((f) => f !== field) : [field, ...fields])
                    }
                  >
                    {labelOf(field)}
                  </button>
                </th>
                <td>
                  <span class="share" style={{ width: `${Math.round(share! * 100)}%` }} aria-hidden="true" />
                  {share!.toFixed(2)}
                </td>
                <td class="number">
                  {correlation === null || correlation === undefined ? "–" : correlation.toFixed(2)}
                </td>
                <td class="number faint">{runs}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {known.length > MOST && <p class="hint">{known.length - MOST} less important parameters not listed</p>}
      {silent > 0 && (
        <p class="hint">
          {silent === 1 ? "1 parameter" : `${silent} parameters`} skipped: every run has a different value.
        </p>
      )}
      <details class="method">
        <summary>How importance is calculated</summary>
        <p>
          Importance is ε² (Kelley 1935) from a Kruskal–Wallis test: the share of the result's ranking
          explained by groups of equal or neighbouring parameter values, minus the share expected by chance. 1
          means the parameter fully determines the ranking, 0 means no effect. It detects increasing,
          decreasing and U-shaped effects for numeric and categorical parameters. ρ is Spearman's rank
          correlation (1904); its sign gives the direction. Each parameter is evaluated on its own: parameters
          that change together share their importance, and interactions are not detected.
        </p>
      </details>
    </>
  );
}
