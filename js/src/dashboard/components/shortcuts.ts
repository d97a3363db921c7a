/** What keys do, by where: the list that `?` shows. */
export const KEYS: { where: string; keys: [string, string][] }[] = [
  {
    where: "Everywhere",
    keys: [
      ["/", "search or filter"],
      ["g p", "go to the projects"],
      ["g c", "go to the project's charts"],
      ["g r", "go to its table of runs"],
      ["?", "this list"],
      ["Esc", "close"],
    ],
  },
  {
    where: "On a chart (Tab reaches it)",
    keys: [
      ["+ −", "zoom in, out"],
      ["← →", "move along"],
      ["0", "show all"],
      ["f", "fill the page, and back"],
      ["p", "pin or unpin"],
    ],
  },
  {
    where: "On a run's page",
    keys: [
      ["← →", "on the tabs: from one to the next; in Media: from step to step"],
      ["Enter", "in the console's search: to the next hit, with Shift to the one before"],
    ],
  },
  {
    where: "In the table of runs",
    keys: [
      ["↑ ↓ or k j", "from run to run; also Page Up, Page Down, Home, End"],
      ["Space or x", "select; with Shift all from the one before"],
      ["Enter", "open the run, or fold a group"],
    ],
  },
  {
    where: "Where runs are compared",
    keys: [
      ["↑ ↓", "on an axis: move its least or greatest value; Esc frees it"],
      ["← →", "in the scatter plot: from run to run; Enter opens one"],
    ],
  },
];
