import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Plotly } from "../../../chart/plotly";
import { type Drawable, drawable } from "../../../core/figures";
import { PanelContext } from "../../../panel/environment";
import { figuresPlotly } from "../../app";
import { readStart } from "../../parts/bounded";
import type { SingleProps } from "./simple";

const MOST = 20 << 20;

/** A Plotly figure, drawn by the page's own Plotly. Nothing is fetched that it asks for. */
export function Figure({ item, name, shelf }: SingleProps) {
  const { plotly, dark } = useContext(PanelContext)!;
  const host = useRef<HTMLDivElement>(null);
  const drawnBy = useRef<Plotly | null>(null);
  const [figure, setFigure] = useState<Drawable | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const aborter = new AbortController();
    readStart(shelf.file(name), MOST, aborter.signal)
      .then(({ content, cut }) => {
        if (cut)
          throw new Error("This figure is too large to be drawn here. Download it to open it elsewhere.");
        setFigure(drawable(JSON.parse(new TextDecoder().decode(content))));
        setError(null);
      })
      .catch((e: Error) => !aborter.signal.aborted && setError(e.message));
    return () => aborter.abort();
  }, [shelf, name]);
  const isDark = dark.value;
  useEffect(() => {
    const el = host.current;
    if (!el || !figure || figure.foreign.length > 0) return;
    let gone = false;
    const style = getComputedStyle(el);
    const color = (variable: string) => style.getPropertyValue(variable).trim();
    let resize: ResizeObserver | undefined;
    (figure.more ? figuresPlotly() : plotly())
      .then(
        async (made) => {
          if (gone) return;
          drawnBy.current = made;
          await made.react(el, figure.data, figure.layout({ text: color("--text"), line: color("--line") }), {
            responsive: false,
            displaylogo: false,
            displayModeBar: false,
          });
          resize = new ResizeObserver(() => el.offsetParent !== null && made.Plots.resize(el));
          resize.observe(el);
        },
        (e: Error) => setError(e.message),
      )
      .catch((e: Error) => setError(`Plotly cannot draw this figure: ${e.message}`));
    return () => {
      gone = true;
      resize?.disconnect();
    };
  }, [figure, isDark]);
  useEffect(() => {
    const el = host.current;
    return () => {
      if (el) drawnBy.current?.purge(el);
    };
  }, []);
  if (error)
    return (
      <p class="error" role="alert">
        {error}
      </p>
    );
  if (figure && figure.foreign.length > 0)
    return (
      <p class="faint media-none">
        Traces of the kind {figure.foreign.join(", ")} are not drawn here. Download the figure's JSON, or log
        it as a picture too: <code>aspara.Image(figure.to_image())</code>.
      </p>
    );
  return (
    <div
      class="media-figure"
      ref={host}
      role="img"
      aria-label={item.caption ?? `${item.metric} at step ${item.step}`}
    />
  );
}
