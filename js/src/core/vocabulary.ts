// The words, colours and shapes for the states and columns of runs, the same on every surface. aspara/vocabulary.py has the
// same tables; a test compares the two.
import type { Status } from "./types";

export interface StatusStyle {
  word: string;
  /** The colour on a light and on a dark page. */
  light: string;
  dark: string;
  /** The shape, as a character. */
  glyph: string;
  meaning: string;
}

export const STATUSES: Readonly<Record<Status, StatusStyle>> = {
  running: {
    word: "running",
    light: "#2461c9",
    dark: "#7db0fa",
    glyph: "●",
    meaning: "A process is writing this run.",
  },
  completed: {
    word: "completed",
    light: "#1c7a50",
    dark: "#58c596",
    glyph: "✓",
    meaning: "The run finished without an error.",
  },
  failed: {
    word: "failed",
    light: "#b3302d",
    dark: "#f08581",
    glyph: "✗",
    meaning: "The run ended with an error or a non-zero exit code.",
  },
  crashed: {
    word: "crashed",
    light: "#96600a",
    dark: "#dfab4e",
    glyph: "▲",
    meaning: "The process that wrote this run is gone.",
  },
};

/** What the head of a column says, by the field's name in the filter language. */
export const COLUMNS: Readonly<Record<string, string>> = {
  name: "Name",
  status: "Status",
  started: "Started",
  finished: "Finished",
  updated: "Updated",
  duration: "Duration",
  age: "Age",
  step: "Last step",
  tags: "Tags",
  notes: "Notes",
  group: "Group",
  job_type: "Job type",
  host: "Host",
  exit_code: "Exit code",
  problems: "Problems",
  id: "ID",
  run: "Run",
};
