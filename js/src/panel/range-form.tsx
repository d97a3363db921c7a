import { useState } from "preact/hooks";
import type { Range } from "../state/chart-settings";

/** Asks for the lowest and highest value that a chart shows. */
export function RangeForm({
  value,
  apply,
  cancel,
}: {
  value: Range | null;
  apply: (value: Range | null) => void;
  cancel: () => void;
}) {
  const [low, setLow] = useState(value ? String(Number(value[0].toPrecision(6))) : "");
  const [high, setHigh] = useState(value ? String(Number(value[1].toPrecision(6))) : "");
  const numbers: Range = [Number(low), Number(high)];
  const fine =
    low.trim() !== "" && high.trim() !== "" && numbers.every(Number.isFinite) && numbers[0] < numbers[1];
  return (
    <form
      class="range-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (fine) apply(numbers);
      }}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <input
        aria-label="Lowest value"
        inputMode="decimal"
        value={low}
        ref={(el) => el?.focus()}
        onInput={(event) => setLow(event.currentTarget.value)}
      />
      <span>to</span>
      <input
        aria-label="Highest value"
        inputMode="decimal"
        value={high}
        onInput={(event) => setHigh(event.currentTarget.value)}
      />
      <button type="submit" disabled={!fine}>
        Set
      </button>
      <button type="button" onClick={() => apply(null)}>
        Fit
      </button>
    </form>
  );
}
