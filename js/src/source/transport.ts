import { hasLongIntegers, parseJson } from "../core/json";
import type { LiveEvent, Row, Run, Status } from "../core/types";
import type { Connection } from "./reconnect";

// How events come from the server. A socket does not count among the six connections that a browser opens to a server, so
// that a dozen pages stay usable side by side; where a proxy lets no socket through, server-sent events serve.

export interface TransportEvents {
  open(): void;
  /** Something came, if only a sign of life; `cursor` says up to where all is told. */
  told(events: LiveEvent[], cursor: string | null): void;
  /** It is over, for whatever reason. */
  lost(): void;
}

export interface Question {
  cursor: string;
  runs: string[] | undefined;
}

/** Opens a wire; the answer closes it. */
export type Transport = (project: string, question: Question, events: TransportEvents) => () => void;

interface Told {
  cursor: string | null;
  events: { kind: string; data: unknown }[];
}

/** A WebSocket: the question is its first message, each answer a batch of events. */
export function socketTransport(base: string): Transport {
  return (project, question, events) =>
    socketTo(`${base}api/projects/${encodeURIComponent(project)}/live`, {
      open(socket) {
        socket.send(JSON.stringify({ cursor: question.cursor || null, runs: question.runs ?? null }));
        events.open();
      },
      message(text) {
        const found = parseEvents(text) as Told;
        events.told(batched(found.events), found.cursor);
      },
      lost: () => events.lost(),
    });
}

/** A WebSocket that tells the version of the list of projects; `changed` is called for each new one, the first too. */
export function versionTransport(base: string, line: Connection, changed: () => void): () => void {
  let known: string | null = null;
  return socketTo(`${base}api/live`, {
    open: () => line.open(),
    message(text) {
      line.alive();
      const { version } = JSON.parse(text) as { version: string };
      if (version !== known) changed();
      known = version;
    },
    lost: () => line.lost(),
  });
}

function socketTo(
  path: string,
  heard: { open(socket: WebSocket): void; message(text: string): void; lost(): void },
): () => void {
  const address = new URL(path, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  let over = false;
  const lost = () => {
    if (over) return;
    over = true;
    heard.lost();
  };
  socket.onopen = () => heard.open(socket);
  socket.onmessage = (message) => {
    if (!over) heard.message(String(message.data));
  };
  socket.onclose = lost;
  socket.onerror = lost;
  return () => {
    over = true;
    socket.close();
  };
}

/** Server-sent events. */
export function eventSourceTransport(base: string): Transport {
  return (project, question, events) => {
    const query = new URLSearchParams();
    if (question.cursor) query.set("cursor", question.cursor);
    if (question.runs) query.set("runs", question.runs.join(","));
    const stream = new EventSource(`${base}api/projects/${encodeURIComponent(project)}/runs/stream?${query}`);
    let waiting: Told = { cursor: null, events: [] };
    let queued = false;
    let over = false;
    const flush = () => {
      queued = false;
      if (over) return;
      const batch = waiting;
      waiting = { cursor: null, events: [] };
      events.told(batched(batch.events), batch.cursor);
    };
    stream.onopen = () => events.open();
    stream.onerror = () => {
      stream.close();
      if (over) return;
      flush();
      over = true;
      events.lost();
    };
    for (const kind of ["metric", "run", "meta", "status", "deleted"]) {
      stream.addEventListener(kind, (event) => {
        waiting.events.push({ kind, data: parseEvents(event.data) });
        if (event.lastEventId) waiting.cursor = event.lastEventId;
        if (queued) return;
        queued = true;
        // A burst is one change of the page.
        setTimeout(flush, 0);
      });
    }
    return () => {
      over = true;
      stream.close();
    };
  };
}

/** Events of the server as ours; rows that follow each other go together. */
function batched(told: Told["events"]): LiveEvent[] {
  const found: LiveEvent[] = [];
  let rows: Row[] | null = null;
  for (const { kind, data } of told) {
    if (kind === "metric") {
      if (!rows) {
        rows = [];
        found.push({ kind: "rows", rows });
      }
      rows.push(data as Row);
      continue;
    }
    rows = null;
    if (kind === "run" || kind === "meta") found.push({ kind, run: data as Run });
    else if (kind === "deleted") found.push({ kind, run: (data as { run: string }).run });
    else if (kind === "status") {
      const { run, status, exit_code, timestamp } = data as {
        run: string;
        status: Status;
        exit_code: number | null;
        timestamp: number | null;
      };
      found.push({ kind, run, status, exit_code, timestamp });
    }
  }
  return found;
}

/** Events as the server sends them. Config and summary keep the digits of long integers; what was logged is numbers. */
function parseEvents(text: string): unknown {
  return hasLongIntegers(text) ? loggedAsNumbers(parseJson(text)) : JSON.parse(text);
}

function loggedAsNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(loggedAsNumbers);
  if (value === null || typeof value !== "object") return value;
  const found = value as Record<string, unknown>;
  for (const [key, inner] of Object.entries(found))
    if (key === "metrics" && inner !== null && typeof inner === "object")
      for (const [metric, logged] of Object.entries(inner))
        (inner as Record<string, unknown>)[metric] = typeof logged === "bigint" ? Number(logged) : logged;
    else if (key !== "config" && key !== "params" && key !== "summary") found[key] = loggedAsNumbers(inner);
  return found;
}
