import "./slider.css";
/** One step for all media: a slider with arrows, and which step it is. */
export function StepSlider({
  steps,
  now,
  choose,
  following,
}: {
  steps: readonly number[];
  now: number;
  choose: (place: number) => void;
  following: boolean;
}) {
  const last = steps.length - 1;
  return (
    <div class="step-slider">
      <button
        type="button"
        aria-label="Previous step"
        title="Previous step (←)"
        disabled={now <= 0}
        onClick={() => choose(now - 1)}
      >
        ‹
      </button>
      <input
        type="range"
        min={0}
        max={Math.max(0, last)}
        value={Math.max(0, now)}
        disabled={last < 1}
        aria-label="Step"
        aria-valuetext={now < 0 ? "none" : `step ${steps[now]}`}
        onInput={(event) => choose(Number(event.currentTarget.value))}
      />
      <button
        type="button"
        aria-label="Next step"
        title="Next step (→)"
        disabled={now >= last}
        onClick={() => choose(now + 1)}
      >
        ›
      </button>
      <output>
        {now < 0 ? "–" : `step ${steps[now]}`}
        {following && <span class="faint"> · newest</span>}
      </output>
    </div>
  );
}
