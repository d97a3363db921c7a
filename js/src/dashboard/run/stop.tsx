import { useState } from "preact/hooks";
import type { Run } from "../../core/types";
import { app, say, source } from "../app";

/** Asks the training to stop. Nothing is killed: its loop sees `run.should_stop` and ends when it suits it. */
export function StopButton({ run, onAsked }: { run: Run; onAsked: () => void }) {
  const [asked, setAsked] = useState(false);
  if (run.status !== "running" || app.readOnly) return null;
  const waiting = asked || run.stop_requested === true;
  const stop = async () => {
    setAsked(true);
    try {
      await source.stop(run.project, run.run);
      say("Asked to stop. The run goes on until its training loop looks at run.should_stop.");
      onAsked();
    } catch (error) {
      setAsked(false);
      say((error as Error).message, "error");
    }
  };
  return (
    <button
      type="button"
      disabled={waiting}
      title={
        waiting
          ? "Asked. The run goes on until its training loop looks at run.should_stop."
          : "Ask the run to stop: its training loop sees run.should_stop"
      }
      onClick={() => void stop()}
    >
      {waiting ? "Stopping…" : "Stop"}
    </button>
  );
}
