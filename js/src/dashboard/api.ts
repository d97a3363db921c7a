import { app } from "./app";

export { getJson } from "../source/request";

/** The address of something of the API: `api("projects", "p", "runs")`. */
export function api(...parts: string[]): string {
  return `${app.base}api/${parts.map(encodeURIComponent).join("/")}`;
}
