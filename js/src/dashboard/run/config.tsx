import type { RunDetail } from "../../core/types";
import { EmptyState } from "../components/empty-state";
import type { Within } from "./tab-state";
import { Tree } from "./tree";

/** What went into a run. */
export function Config({ detail, query, set }: { detail: RunDetail } & Within) {
  const config = Object.keys(detail.config).length ? detail.config : detail.params;
  if (Object.keys(config).length === 0)
    return (
      <EmptyState
        title="No config"
        code={
          'aspara.init(project="digits", config={"lr": 1e-3, "model": {"depth": 18}})\naspara.config.batch_size = 64'
        }
      >
        <p>Record hyperparameters when the run starts, or set them later, to compare runs by them.</p>
      </EmptyState>
    );
  return (
    <Tree
      value={config}
      root="config"
      label="the config"
      search={query.get("search") ?? ""}
      find={(search) => set({ search })}
    />
  );
}
