import type { ComponentChildren } from "preact";

/** One of a few: buttons in a row. An option is a value, what its button says, and its tooltip, if not that. */
export function SegmentedControl<T extends string>({
  label,
  options,
  value,
  choose,
}: {
  label: string;
  options: readonly (readonly [T, ComponentChildren, string?])[];
  value: T;
  choose: (value: T) => void;
}) {
  return (
    <fieldset class="choice" aria-label={label}>
      {options.map(([option, text, title]) => (
        <button
          key={option}
          type="button"
          aria-pressed={option === value}
          title={title ?? (typeof text === "string" ? `${label}: ${text}` : label)}
          onClick={() => choose(option)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}

/** One of many: a select beside its label. */
export function Pick<T extends string>({
  label,
  value,
  choose,
  children,
}: {
  label: string;
  value: T;
  choose: (value: T) => void;
  children: ComponentChildren;
}) {
  return (
    <label class="pick">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value as T)}>
        {children}
      </select>
    </label>
  );
}

/** What can be picked: values, and how they are called. */
export function Options({ of }: { of: readonly (readonly [string, string])[] }) {
  return (
    <>
      {of.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </>
  );
}
