/** What keys do, by where: the list that `?` shows. */
export const KEYS: { where: string; keys: [string, string][] }[] = [
  {
    where: "Everywhere",
    keys: [
      ["/", "focus search or filter"],
      ["g p", "go to projects"],
      ["g c", "go to the project's charts"],
      ["g r", "go to the project's table of runs"],
      ["?", "show keyboard shortcuts"],
      ["Esc", "close"],
    ],
  },
  {
    where: "On a chart (focus it with Tab)",
    keys: [
      ["+ −", "zoom in, out"],
      ["← →", "pan"],
      ["0", "reset zoom"],
      ["f", "toggle full page"],
      ["p", "pin or unpin"],
    ],
  },
  {
    where: "On a run's page",
    keys: [
      ["← →", "previous or next tab; in Media, previous or next step"],
      ["Enter", "in console search: next match; with Shift, previous match"],
    ],
  },
  {
    where: "In the table of runs",
    keys: [
      ["↑ ↓ or k j", "previous or next run; also Page Up, Page Down, Home, End"],
      ["Space or x", "select; with Shift, select a range"],
      ["Enter", "open the run, or collapse a group"],
    ],
  },
  {
    where: "On the comparison page",
    keys: [
      ["↑ ↓", "on an axis: move its minimum or maximum; Esc clears the range"],
      ["← →", "in the scatter plot: previous or next run; Enter opens it"],
    ],
  },
];
