import "./projects.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { formatAgo } from "../../core/format";
import type { Project } from "../../core/types";
import { Dialog } from "../../panel/dialog";
import { ErrorMessage } from "../../panel/error-message";
import { Menu, type MenuItem } from "../../panel/menu";
import { Options, Pick, SegmentedControl } from "../../panel/segmented-control";
import { remember, remembered } from "../../state/chart-settings";
import { enter } from "../../state/url-state";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { useNow, usePolled } from "../components/hooks";
import { Markdown } from "../components/markdown";
import { NotesEditor } from "../components/notes-editor";
import { PageFrame } from "../components/page-frame";
import { Sparkline } from "../components/sparkline";

const START = `import aspara

run = aspara.init(project="first", config={"lr": 1e-3})
for step in range(100):
    aspara.log({"loss": 1 / (step + 1)})
aspara.finish()`;

type Sort = "active" | "name" | "runs" | "created";
const SORTS: [Sort, string][] = [
  ["active", "last activity"],
  ["name", "name"],
  ["runs", "most runs"],
  ["created", "newest"],
];
type Layout = "cards" | "list";
const LAYOUTS: [Layout, string][] = [
  ["cards", "cards"],
  ["list", "list"],
];

interface Asked {
  search: string;
  sort: Sort;
  layout: Layout;
  archived: boolean;
}

/** What the address asks for; the layout as it was left, where it does not say. */
function asked(left: string | null): Asked {
  const query = new URLSearchParams(location.search);
  const sort = SORTS.find(([name]) => name === query.get("sort"));
  const layout = query.get("layout") ?? left;
  return {
    search: query.get("search") ?? "",
    sort: sort?.[0] ?? "active",
    layout: layout === "list" ? "list" : "cards",
    archived: query.get("archived") === "1",
  };
}

function addressOf(base: string, { search, sort, layout, archived }: Asked): string {
  const query = new URLSearchParams();
  if (search) query.set("search", search);
  if (sort !== "active") query.set("sort", sort);
  if (layout !== "cards") query.set("layout", layout);
  if (archived) query.set("archived", "1");
  return base + (query.size ? `?${query}` : "");
}

/** All projects, the one that changed last first. */
export function ProjectsPage() {
  const app = useApp();
  const { say, source } = app;
  const now = useNow();
  const {
    value: projects,
    error,
    again,
    live,
  } = usePolled(
    (signal) => source.projects(signal),
    3000,
    [],
    (...heard) => source.projectsChange(...heard),
  );
  const [state, setState] = useState(() => asked(remembered("aspara-projects")));
  const [typed, setTyped] = useState(state.search);
  const [editing, setEditing] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<Project | null>(null);
  const change = (part: Partial<Asked>) => {
    const next = { ...state, ...part };
    setState(next);
    if (part.layout) remember("aspara-projects", part.layout);
    enter(addressOf(app.base, next), Object.keys(part));
  };
  useEffect(() => {
    enter(addressOf(app.base, state), [], { quiet: true });
    const aborter = new AbortController();
    const { pathname } = location;
    const read = () => {
      if (location.pathname !== pathname) return;
      const next = asked(null);
      setState(next);
      setTyped(next.search);
    };
    addEventListener("popstate", read, { signal: aborter.signal });
    return () => aborter.abort();
  }, []);
  const search = (text: string) => {
    setTyped(text);
    change({ search: text });
  };
  const wanted = state.search.trim().toLowerCase();
  const deleted = app.deletions.deleted.value;
  const here = useMemo(() => (projects ?? []).filter((p) => !deleted.has(p.name)), [projects, deleted]);
  const found = here
    .filter((p) => state.archived || !p.archived)
    .filter((p) => !wanted || [p.name, ...p.tags].some((t) => t.toLowerCase().includes(wanted)))
    .sort(ORDER[state.sort]);
  const away = here.filter((p) => p.archived).length;

  const archive = async (project: Project, archived: boolean) => {
    try {
      await source.edit(project.name, null, { archived }, null);
      again();
      say(`${archived ? "Archived" : "Restored"} ${project.name}.`, "info", {
        text: "Undo",
        act: () => void archive(project, !archived),
      });
    } catch (e) {
      say((e as Error).message, "error");
    }
  };
  const menu = (project: Project): MenuItem[] => [
    { text: "Edit notes and tags", act: () => setEditing(project.name) },
    {
      text: project.archived ? "Restore from archive" : "Archive",
      act: () => void archive(project, !project.archived),
    },
    { text: "Delete…", act: () => setDeleting(project) },
  ];
  const common = { now, tag: search, menu };
  return (
    <PageFrame title="Aspara" trail={[]} live={live}>
      <div class="page wide">
        <div class="page-head">
          <h1>Projects</h1>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              change({ search: typed });
            }}
          >
            <input
              type="search"
              data-search
              placeholder={app.searchMode === "manual" ? "Search, then Enter" : "Search by name or tag"}
              aria-label="Search projects by name or tag"
              value={typed}
              onInput={(event) => {
                setTyped(event.currentTarget.value);
                if (app.searchMode === "realtime" || event.currentTarget.value === "")
                  change({ search: event.currentTarget.value });
              }}
            />
          </form>
          <Pick label="Sort by" value={state.sort} choose={(sort) => change({ sort })}>
            <Options of={SORTS} />
          </Pick>
          <SegmentedControl
            label="Layout"
            options={LAYOUTS}
            value={state.layout}
            choose={(layout) => change({ layout })}
          />
          {(away > 0 || state.archived) && (
            <label class="check">
              <input
                type="checkbox"
                checked={state.archived}
                onChange={(event) => change({ archived: event.currentTarget.checked })}
              />
              archived ({away})
            </label>
          )}
        </div>
        <ErrorMessage text={error} />
        {projects?.length === 0 && !error && (
          <EmptyState title="No runs yet" code={START}>
            <p>
              Run this in a script or a notebook cell to record your first run. It appears here automatically.
            </p>
          </EmptyState>
        )}
        {here.length > 0 && found.length === 0 && (
          <p class="empty">
            {wanted ? (
              <>
                No projects match “{state.search}”.{" "}
                <button type="button" class="link" onClick={() => search("")}>
                  Show all {here.length}
                </button>
              </>
            ) : (
              "All projects are archived."
            )}
          </p>
        )}
        {state.layout === "cards" ? (
          <ul class="projects">
            {found.map((project) => (
              <Card key={project.name} project={project} {...common} />
            ))}
          </ul>
        ) : (
          found.length > 0 && <List projects={found} {...common} />
        )}
      </div>
      {editing && (
        <Dialog title={`Notes and tags of ${editing}`} onClose={() => setEditing(null)}>
          <NotesEditor
            project={editing}
            run={null}
            onCancel={() => setEditing(null)}
            onChange={() => {
              setEditing(null);
              again();
            }}
          />
        </Dialog>
      )}
      {deleting && (
        <Dialog title={`Delete project “${deleting.name}”?`} onClose={() => setDeleting(null)}>
          <p>
            This deletes {deleting.run_count === 1 ? "the project's run" : `all ${deleting.run_count} runs`}{" "}
            and their files from the data directory.
            {deleting.running > 0 &&
              ` ${deleting.running === 1 ? "1 run is" : `${deleting.running} runs are`} still running: anything logged after this is lost.`}
          </p>
          <div class="row">
            <button
              type="button"
              class="danger"
              onClick={() => {
                app.deletions.remove(deleting.name, deleting.running > 0);
                setDeleting(null);
              }}
            >
              Delete
            </button>
            <button type="button" autofocus onClick={() => setDeleting(null)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </PageFrame>
  );
}

const byName = (a: Project, b: Project) => a.name.localeCompare(b.name, "en", { numeric: true });
const ORDER: Record<Sort, (a: Project, b: Project) => number> = {
  active: (a, b) => b.running - a.running || (b.last_update ?? 0) - (a.last_update ?? 0) || byName(a, b),
  name: byName,
  runs: (a, b) => b.run_count - a.run_count || byName(a, b),
  created: (a, b) => (b.created_at ?? 0) - (a.created_at ?? 0) || byName(a, b),
};

interface ItemProps {
  project: Project;
  now: number;
  tag: (tag: string) => void;
  menu: (project: Project) => MenuItem[];
}

function Card({ project, now, tag, menu }: ItemProps) {
  const app = useApp();
  const { address } = app;
  return (
    <li class={`card project ${project.archived ? "away" : ""}`}>
      <div class="project-head">
        <a href={address("projects", project.name)}>
          <strong>{project.name}</strong>
        </a>
        <Running count={project.running} />
        {!app.readOnly && <Menu label={`More actions for ${project.name}`} items={menu(project)} />}
      </div>
      <p class="meta">
        {project.run_count} {project.run_count === 1 ? "run" : "runs"} · {formatAgo(project.last_update, now)}
        {project.archived && " · archived"}
      </p>
      <Sparkline project={project.name} changed={project.last_update} />
      {project.notes && (
        <div class="clip">
          <Markdown text={project.notes} />
        </div>
      )}
      <TagButtons tags={project.tags} choose={tag} />
    </li>
  );
}

function List({ projects, now, tag, menu }: Omit<ItemProps, "project"> & { projects: Project[] }) {
  const app = useApp();
  const { address } = app;
  return (
    <div class="table-wrap">
      <table class="project-list">
        <thead>
          <tr>
            <th>Project</th>
            <th class="number">Runs</th>
            <th>Last activity</th>
            <th>Latest run</th>
            <th>Tags</th>
            {!app.readOnly && (
              <th>
                <span class="sr">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {projects.map((project) => (
            <tr key={project.name} class={project.archived ? "away" : ""}>
              <th scope="row">
                <a href={address("projects", project.name)}>{project.name}</a>{" "}
                <Running count={project.running} />
              </th>
              <td class="number">{project.run_count}</td>
              <td>{formatAgo(project.last_update, now)}</td>
              <td>
                <Sparkline project={project.name} changed={project.last_update} />
              </td>
              <td>
                <TagButtons tags={project.tags} choose={tag} />
              </td>
              {!app.readOnly && (
                <td class="end">
                  <Menu label={`More actions for ${project.name}`} items={menu(project)} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Running({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span class="status running">
      <i aria-hidden="true" />
      {count} running
    </span>
  );
}

function TagButtons({ tags, choose }: { tags: string[]; choose: (tag: string) => void }) {
  if (tags.length === 0) return null;
  return (
    <span class="tags">
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="tag"
          title={`Projects tagged ${tag}`}
          onClick={() => choose(tag)}
        >
          {tag}
        </button>
      ))}
    </span>
  );
}
