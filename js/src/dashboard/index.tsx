import "../styles/base.css";
import "../styles/status.css";
import "../styles/dialog.css";
import "../styles/elements.css";
import "../styles/panel.css";
import "../styles/parts.css";
import "../styles/tables.css";
import { render } from "preact";
import { PanelContext } from "../panel/panel-context";
import { App, AppContext, pageOptions, useApp } from "./app";
import { PageFrame } from "./components/page-frame";
import { ComparePage } from "./pages/compare";
import { ProjectPage } from "./pages/project";
import { ProjectsPage } from "./pages/projects";
import { RunPage } from "./pages/run";
import { RunsPage } from "./pages/runs";
import "../styles/print.css";

const app = new App(pageOptions(document));

function Page() {
  const { base, location, route } = useApp();
  const parts = route(location.value);
  const [first, project, runs, run, ...rest] = parts;
  if (first === undefined) return <ProjectsPage />;
  if (first === "projects" && project !== undefined && rest.length === 0) {
    if (runs === undefined) return <ProjectPage key={project} project={project} />;
    if (runs === "compare" && run === undefined) return <ComparePage key={project} project={project} />;
    if (runs === "runs") {
      return run === undefined ? (
        <RunsPage key={project} project={project} />
      ) : (
        <RunPage key={`${project}/${run}`} project={project} run={run} />
      );
    }
  }
  return (
    <PageFrame title="Not found" trail={[]}>
      <div class="page wide">
        <div class="page-head">
          <h1>Not found</h1>
        </div>
        <p>
          Page not found. <a href={base}>Go to projects</a>.
        </p>
      </div>
    </PageFrame>
  );
}

// Links within the dashboard change the page without loading it anew; modified clicks are the browser's.
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest?.("a");
  if (
    !link ||
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  if (
    link.target ||
    link.hasAttribute("download") ||
    link.origin !== location.origin ||
    !link.pathname.startsWith(app.base)
  )
    return;
  if (/\/(api|docs|static)(\/|$)/.test(link.pathname.slice(app.base.length - 1))) return;
  event.preventDefault();
  app.navigate(link.pathname + link.search + link.hash);
});

render(
  <AppContext.Provider value={app}>
    <PanelContext.Provider value={app.environment}>
      <Page />
    </PanelContext.Provider>
  </AppContext.Provider>,
  document.getElementById("app")!,
);
