/** A line of a chart, for who wonders which it is. */
export interface Named {
  key: string;
  name: string;
  color: string;
}

/** A group of runs, and the colour of its mean. */
export interface NamedGroup extends Named {
  runs: readonly string[];
}

/** More names are no help. */
const MOST = 30;

/** Which colour is which. */
export function Legend({ label, entries }: { label: string; entries: readonly Named[] }) {
  return (
    <ul class="legend" aria-label={label}>
      {entries.slice(0, MOST).map(({ key, name, color }) => (
        <li key={key} title={name}>
          <i style={{ background: color }} aria-hidden="true" />
          {name}
        </li>
      ))}
      {entries.length > MOST && <li>and {entries.length - MOST} more</li>}
    </ul>
  );
}
