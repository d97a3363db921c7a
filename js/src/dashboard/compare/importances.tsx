import { type Findings, labelOf } from "./run-sample";

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
  if (target === null) return <p class="empty">No run has a number among its results yet.</p>;
  const known = found.parameters.filter((p) => p.share !== undefined);
  const silent = found.parameters.length - known.length;
  return (
    <>
      {known.length > 0 && count < Math.max(FEW, 5 * known.length) && (
        <p class="warn">
          {count} runs for {known.length} {known.length === 1 ? "parameter" : "parameters"}: take this for a
          hint.
        </p>
      )}
      {known.length === 0 ? (
        <p class="empty">Too few of these runs have {target}.</p>
      ) : (
        <table class="importance">
          <thead>
            <tr>
              <th scope="col">parameter</th>
              <th scope="col">importance</th>
              <th scope="col" class="number" title="Spearman's rank correlation with the result">
                ρ
              </th>
              <th scope="col" class="number">
                runs
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
                    title={fields.includes(field) ? "Take this axis away" : "Give it an axis"}
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
      {known.length > MOST && <p class="hint">and {known.length - MOST} that matter less</p>}
      {silent > 0 && <p class="hint">{silent} more cannot be judged: each run has a value of its own.</p>}
      <details class="method">
        <summary>How this is reckoned</summary>
        <p>
          Importance is ε² (Kelley 1935) of a Kruskal–Wallis analysis: the share of the result's ranking that
          groups of equal or neighbouring values of the parameter explain, less what so many groups would
          explain by chance. 1 decides everything, 0 nothing. It sees rising, falling and U-shaped effects, of
          numbers and of words. ρ is Spearman's rank correlation (1904): the sign tells the direction. Each
          parameter is looked at by itself: parameters that were changed together share their importance, and
          effects that two have only together are not seen.
        </p>
      </details>
    </>
  );
}
