import { useContext, useState } from "preact/hooks";
import type { Run } from "../core/types";
import { PanelContext } from "../panel/environment";
import { NO_SERVER, type Session } from "./session";

/** Asks the training to stop. Nothing is killed: its loop sees `run.should_stop` and ends when it suits it. */
export function Stop({ session, run }: { session: Session; run: Run }) {
  const { say } = useContext(PanelContext)!;
  const [asking, setAsking] = useState(false);
  if (run.status !== "running") return null;
  const asked = session.stopping.value || run.stop_requested === true;
  const stop = async () => {
    setAsking(true);
    try {
      await session.stop();
    } catch (error) {
      say((error as Error).message, "error");
    }
    setAsking(false);
  };
  return (
    <button
      type="button"
      class="w-stop"
      disabled={!session.server || asked || asking}
      title={
        !session.server
          ? `The request goes by way of the Jupyter server: ${NO_SERVER} Interrupt the kernel instead.`
          : asked
            ? "Asked. The run goes on until its training loop looks at run.should_stop."
            : "Ask the run to stop: its training loop sees run.should_stop"
      }
      onClick={() => void stop()}
    >
      {asked ? "Stopping…" : "Stop"}
    </button>
  );
}
