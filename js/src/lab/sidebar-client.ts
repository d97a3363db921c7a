import type { Project, Run } from "../core/types";
import { getJson } from "../source/request";

/** What the sidebar shows of a run. */
export type Item = Pick<
  Run,
  "run" | "name" | "status" | "last_step" | "start_time" | "finish_time" | "last_update" | "color"
>;

const FIELDS = "run,name,status,last_step,start_time,finish_time,last_update,color";
/** The newest runs of a project that are listed. */
export const MOST = 100;

/** Asks the server's API below `base` (which ends in "/"). */
export class SidebarClient {
  constructor(private readonly base: string) {}

  /** The projects, the one that changed last first. */
  async projects(signal: AbortSignal): Promise<Project[]> {
    const found = await getJson<{ projects: Project[] }>(
      `${this.base}api/projects`,
      { limit: "1000" },
      signal,
    );
    return found.projects.filter((project) => !project.archived);
  }

  /** The newest runs, and how many there are. */
  runs(project: string, signal: AbortSignal): Promise<{ runs: Item[]; total: number }> {
    const path = `${this.base}api/projects/${encodeURIComponent(project)}/runs`;
    return getJson(path, { sort: "-start_time", limit: String(MOST), fields: FIELDS }, signal);
  }
}
