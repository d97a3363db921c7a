import "./filerow.css";
import { formatBytes } from "../../core/format";
import { Preview } from "./preview";

/** A file that can be looked into and downloaded. */
export function FileRow({
  name,
  size,
  about,
  address,
  open,
  toggle,
}: {
  name: string;
  size: number;
  about: string;
  address: string;
  open: boolean;
  toggle: () => void;
}) {
  return (
    <li>
      <div class="file-row">
        <button type="button" class="fold" aria-expanded={open} onClick={toggle} title="Preview">
          <span class="arrow" aria-hidden="true">
            {open ? "▾" : "▸"}
          </span>
          <span class="file-name">{name}</span>
        </button>
        <span class="faint small about-file">{about}</span>
        <span class="faint small number">{formatBytes(size)}</span>
        <a
          class="button small"
          href={address}
          download={name.slice(name.lastIndexOf("/") + 1)}
          aria-label={`Download ${name}`}
        >
          Download
        </a>
      </div>
      {open && <Preview name={name} size={size} address={address} />}
    </li>
  );
}
