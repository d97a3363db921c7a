import { Corners, Pin } from "./icons";
import { Menu, type MenuItem } from "./menu";

interface Props {
  metric: string;
  full: boolean;
  pinned: boolean;
  pin: () => void;
  fill: () => void;
  /** Ends the zoom, where there is one. */
  all: (() => void) | null;
  more: MenuItem[];
}

/** What can be done with a chart, as buttons. */
export function Actions({ metric, full, pinned, pin, fill, all, more }: Props) {
  return (
    <span class="actions">
      {all && (
        <button type="button" class="again" onClick={all} title="Show all (double click)">
          all
        </button>
      )}
      <button
        type="button"
        aria-pressed={pinned}
        onClick={pin}
        title={pinned ? "Unpin (P)" : "Pin to the top (P)"}
        aria-label={`${pinned ? "Unpin" : "Pin"} ${metric}`}
      >
        <Pin />
      </button>
      <button
        type="button"
        onClick={fill}
        aria-pressed={full}
        title={full ? "Smaller (Esc)" : "Full screen (F)"}
        aria-label={full ? "Smaller" : `Full screen: ${metric}`}
      >
        {full ? "✕" : <Corners />}
      </button>
      <Menu label={`More of ${metric}`} items={more} />
    </span>
  );
}
