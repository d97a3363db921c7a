import type { Project, Run } from "../core/types";

/** What the sidebar shows of a run. */
export type Item = Pick<
  Run,
  "run" | "name" | "status" | "last_step" | "start_time" | "finish_time" | "last_update" | "color"
>;

const FIELDS = "run,name,status,last_step,start_time,finish_time,last_update,color";
/** The newest runs of a project that are listed. */
export const MOST = 100;

/** Asks the server's API below `base` (which ends in "/"). */
export class Asked {
  constructor(private readonly base: string) {}

  /** The projects, the one that changed last first. */
  async projects(signal: AbortSignal): Promise<Project[]> {
    const found = await this.get<{ projects: Project[] }>("api/projects?limit=1000", signal);
    return found.projects.filter((project) => !project.archived);
  }

  /** The newest runs, and how many there are. */
  runs(project: string, signal: AbortSignal): Promise<{ runs: Item[]; total: number }> {
    const path = `api/projects/${encodeURIComponent(project)}/runs?sort=-start_time&limit=${MOST}&fields=${FIELDS}`;
    return this.get(path, signal);
  }

  private async get<T>(path: string, signal: AbortSignal): Promise<T> {
    const answer = await fetch(this.base + path, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok) {
      const found = (await answer.json().catch(() => ({}))) as { detail?: string };
      throw new Error(found.detail ?? `The server answered ${answer.status}.`);
    }
    return (await answer.json()) as T;
  }
}
