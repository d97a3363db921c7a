// Run colours, told apart by colour-blind people and legible on light and dark. The same list stands in aspara/palette.py.
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

/** The colour of a run: its slot in the palette, the same in every view. */
export function runColor(slot: number): string {
  return PALETTE[((slot % PALETTE.length) + PALETTE.length) % PALETTE.length]!;
}
