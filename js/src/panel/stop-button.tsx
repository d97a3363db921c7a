import { useContext, useState } from "preact/hooks";
import type { Run } from "../core/types";
import { Dialog } from "./dialog";
import { PanelContext } from "./panel-context";

const WAITING = "Stop requested. The run ends when its training loop checks run.should_stop.";

/** Asks the training to stop, once somebody confirms it. Nothing is killed: the training loop checks `run.should_stop`. */
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
  const [confirming, setConfirming] = useState(false);
  const [sending, setSending] = useState(false);
  if (run.status !== "running") return null;
  const waiting = asked || run.stop_requested === true;
  const stop = async () => {
    setConfirming(false);
    setSending(true);
    try {
      await ask();
    } catch (error) {
      say((error as Error).message, "error");
    }
    setSending(false);
  };
  return (
    <>
      <button
        type="button"
        class={kind}
        disabled={why !== null || waiting || sending}
        title={why ?? (waiting ? WAITING : "Ask the run to stop")}
        onClick={() => setConfirming(true)}
      >
        {waiting ? "Stopping…" : "Stop"}
      </button>
      {confirming && (
        <Dialog title={`Stop run ${run.name}?`} onClose={() => setConfirming(false)}>
          <p>
            The training ends as soon as its loop checks <code>run.should_stop</code>. This cannot be undone.
          </p>
          <div class="row">
            <button type="button" class="danger" onClick={() => void stop()}>
              Stop run
            </button>
            <button type="button" autofocus onClick={() => setConfirming(false)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
