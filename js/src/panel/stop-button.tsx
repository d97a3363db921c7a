import { useContext, useState } from "preact/hooks";
import type { Run } from "../core/types";
import { PanelContext } from "./panel-context";

/** Asks the training to stop. Nothing is killed: its loop sees `run.should_stop` and ends when it suits it. */
export function StopButton({
  run,
  asked,
  ask,
  why = null,
  kind = "",
}: {
  run: Run;
  /** Whether somebody on this page has asked already. */
  asked: boolean;
  ask: () => Promise<void>;
  /** Why it cannot be asked, if so. */
  why?: string | null;
  /** A class for the button. */
  kind?: string;
}) {
  const { say } = useContext(PanelContext)!;
  const [asking, setAsking] = useState(false);
  if (run.status !== "running") return null;
  const waiting = asked || run.stop_requested === true;
  const stop = async () => {
    setAsking(true);
    try {
      await ask();
    } catch (error) {
      say((error as Error).message, "error");
    }
    setAsking(false);
  };
  return (
    <button
      type="button"
      class={kind}
      disabled={why !== null || waiting || asking}
      title={
        why ??
        (waiting
          ? "Asked. The run goes on until its training loop looks at run.should_stop."
          : "Ask the run to stop: its training loop sees run.should_stop")
      }
      onClick={() => void stop()}
    >
      {waiting ? "Stopping…" : "Stop"}
    </button>
  );
}
