import "./page-frame.css";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Liveness } from "../../core/types";
import { Dialog } from "../../panel/dialog";
import type { Theme } from "../../state/chart-settings";
import { useApp } from "../app";
import { useNow } from "./hooks";
import { KEYS } from "./shortcuts";

interface Crumb {
  text: string;
  href: string;
}

/** The second key of two must come within this time, ms. */
const SECOND_KEY = 1500;

/** A name of fewer letters is never cut. */
const SHORT = 5;

/** The frame of every page: where one is, whether it is live, the theme, help. */
export function PageFrame({
  title,
  trail,
  live,
  reading = null,
  children,
}: {
  title: string;
  trail: Crumb[];
  live?: Liveness;
  /** How much of the files the server has read, while it still does. */
  reading?: number | null;
  children: ComponentChildren;
}) {
  const app = useApp();
  const { address, navigate, hush, toast, route } = app;
  const [help, setHelp] = useState(false);
  useEffect(() => {
    document.title = title === "Aspara" ? title : `${title} · Aspara`;
  }, [title]);
  useEffect(() => {
    const aborter = new AbortController();
    let lastG = 0;
    document.addEventListener(
      "keydown",
      (event) => {
        const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
        if (event.key === "Escape") setHelp(false);
        if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "?") setHelp(true);
        const wasG = Date.now() - lastG < SECOND_KEY;
        lastG = event.key === "g" ? Date.now() : 0;
        if (wasG) {
          const [, project] = route(app.location.value);
          if (event.key === "p") navigate(app.base);
          if (event.key === "c" && project) navigate(address("projects", project));
          if (event.key === "r" && project) navigate(address("projects", project, "runs"));
        }
        if (event.key === "/") {
          const search = document.querySelector<HTMLInputElement>("[data-search]");
          if (search) {
            event.preventDefault();
            search.focus();
          }
        }
      },
      { signal: aborter.signal },
    );
    return () => aborter.abort();
  }, []);
  return (
    <>
      <button type="button" class="skip" onClick={() => toContent()}>
        Skip to content
      </button>
      <header class="top">
        <a class="brand" href={app.base} aria-label="Aspara: all projects">
          <img src={`${app.base}static/icon.svg`} alt="" width="20" height="20" />
          <span>Aspara</span>
        </a>
        <nav class="crumbs" aria-label="Breadcrumb">
          {trail.map((crumb) => (
            <span key={crumb.href} class={crumb.text.length < SHORT ? "short" : ""}>
              <span class="slash">/</span>
              <a href={crumb.href}>{crumb.text}</a>
            </span>
          ))}
        </nav>
        <div class="spacer" />
        {reading !== null && <Reading share={reading} />}
        {live && <Live live={live} />}
        {app.readOnly && (
          <span class="chip" title="The server is read-only: runs cannot be edited or deleted">
            read-only
          </span>
        )}
        <ThemePicker />
        <button
          type="button"
          class="icon-button"
          onClick={() => setHelp(true)}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
        >
          ?
        </button>
      </header>
      <main tabIndex={-1}>{children}</main>
      {help && (
        <Dialog title="Keyboard" wide onClose={() => setHelp(false)}>
          <div class="row">
            <p class="faint">
              Aspara {app.version} ·{" "}
              <a href={address("docs")} target="_blank" rel="noopener">
                API
              </a>
            </p>
            <span class="spacer" />
            <button type="button" autofocus onClick={() => setHelp(false)}>
              Close
            </button>
          </div>
          <div class="all-keys">
            {KEYS.map(({ where, keys }) => (
              <section key={where}>
                <h3 class="keys-where">{where}</h3>
                <dl class="keys">
                  {keys.map(([key, meaning]) => (
                    <div key={key}>
                      <dt>
                        <kbd>{key}</kbd>
                      </dt>
                      <dd>{meaning}</dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog>
      )}
      <div class="toasts" role="status" aria-live="polite">
        {toast.value && (
          <div class={`toast ${toast.value.kind}`}>
            {toast.value.text}
            {toast.value.action && (
              <button
                type="button"
                onClick={() => {
                  const { act } = toast.value!.action!;
                  hush();
                  act();
                }}
              >
                {toast.value.action.text}
              </button>
            )}
          </div>
        )}
      </div>
    </>
  );
}

/** Takes the focus past the head, and past a list of runs beside the page. */
function toContent(): void {
  const content = document.querySelector<HTMLElement>("main .page") ?? document.querySelector("main");
  if (!content) return;
  content.tabIndex = -1;
  content.focus();
}

/** So many seconds without a word, and what is shown counts as old. */
const STALE = 20;

function Reading({ share }: { share: number }) {
  return (
    <span
      class="liveness reading"
      role="status"
      title="The server is indexing this history for the first time. Charts are approximate until it is done."
    >
      indexing {Math.floor(100 * share)} %
    </span>
  );
}

function Live({ live }: { live: Liveness }) {
  const now = useNow(1000);
  const met = useRef(false);
  met.current ||= live.state === "live";
  const stale = live.state === "reconnecting" && now - live.since > STALE * 1000;
  const clock = new Date(live.since).toLocaleTimeString(undefined, { timeStyle: "short" });
  const text = stale
    ? `stale since ${clock}`
    : live.state === "reconnecting" && !met.current
      ? "connecting"
      : live.state;
  return (
    <span
      class={`liveness ${live.state} ${stale ? "stale" : ""}`}
      role="status"
      title={
        live.state === "live"
          ? "New points appear as they are logged"
          : "No updates from the server. The page catches up when the connection is back."
      }
    >
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const GLYPH: Record<Theme, string> = { system: "◐", light: "☀", dark: "☾" };

function ThemePicker() {
  const { theme } = useApp();
  const now = theme.value;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Theme: ${now}. Change to ${NEXT[now]}`}
      title={`Theme: ${now}`}
      onClick={() => {
        theme.value = NEXT[now];
      }}
    >
      {GLYPH[now]}
    </button>
  );
}
