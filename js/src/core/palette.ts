// Run colours, told apart by colour-blind people and legible on light and dark. The same list and the same way of dealing it stand in
// aspara/palette.py; tests/fixtures/colors.json holds both.
export const PALETTE = [
  "#3b7dd8",
  "#e07b28",
  "#2a9d6f",
  "#c2497f",
  "#8a63d2",
  "#b8901c",
  "#2ba6bf",
  "#d2504a",
  "#6b8e23",
  "#7a7f8c",
  "#4f5bd5",
  "#a8623a",
] as const;

/** How lines are drawn whose colour another line has: each colour comes once in each way. */
export const DASHES = ["solid", "dash", "dot"] as const;
export type Dash = (typeof DASHES)[number];

const SLOTS = PALETTE.length * DASHES.length;

/** The colour of a slot. */
export function runColor(slot: number): string {
  return PALETTE[((slot % PALETTE.length) + PALETTE.length) % PALETTE.length]!;
}

/** How a line of a slot is drawn. */
export function runDash(slot: number): Dash {
  return DASHES[Math.floor((((slot % SLOTS) + SLOTS) % SLOTS) / PALETTE.length)]!;
}

/**
 * Slots that tell the runs that are shown apart, by run. Runs keep the slot that they had in `before`; each other one gets the
 * colour of its own slot if that is free, else the first free slot: the colours first, then the colours again in dashes.
 */
export function dealColors(
  runs: readonly { run: string; color: number }[],
  before: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const dealt = new Map<string, number>();
  const taken = new Set<number>();
  const give = (run: string, slot: number) => {
    dealt.set(run, slot);
    taken.add(slot);
  };
  for (const { run } of runs) {
    const slot = before.get(run);
    if (slot !== undefined && !taken.has(slot)) give(run, slot);
  }
  for (const { run, color } of runs) {
    if (dealt.has(run)) continue;
    const own = ((color % PALETTE.length) + PALETTE.length) % PALETTE.length;
    let slot = own;
    if (taken.has(own)) {
      slot = 0;
      while (slot < SLOTS && taken.has(slot)) slot++;
      if (slot === SLOTS) slot = own;
    }
    give(run, slot);
  }
  return dealt;
}
