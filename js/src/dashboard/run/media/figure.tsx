import "./figure.css";
import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Plotly } from "../../../chart/plotly";
import { figure3dCloud } from "../../../core/plots/figure3d";
import { drawable, whyNot } from "../../../core/plots/logged-figures";
import { ErrorMessage } from "../../../panel/error-message";
import { PanelContext } from "../../../panel/panel-context";
import { useApp } from "../../app";
import { useLoaded } from "../../components/hooks";
import { readStart } from "../../components/partial-fetch";
import { Scene } from "./cloud";
import type { SingleProps } from "./simple-media";

const MOST = 20 << 20;

/** A Plotly figure, drawn by the page's own Plotly. Nothing is fetched that it asks for. */
export function Figure({ item, name, shelf }: SingleProps) {
  const { figuresPlotly } = useApp();
  const { plotly, dark } = useContext(PanelContext)!;
  const host = useRef<HTMLDivElement>(null);
  const drawnBy = useRef<Plotly | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const {
    value: figure,
    error,
    again,
  } = useLoaded(
    async (signal) => {
      const { content, cut } = await readStart(shelf.file(name), MOST, signal);
      if (cut) throw new Error("This figure is too large to display. Download it to open it elsewhere.");
      return drawable(JSON.parse(new TextDecoder().decode(content)));
    },
    [shelf, name],
  );
  const cloud = useMemo(() => figure && figure3dCloud(figure.data), [figure]);
  const isDark = dark.value;
  useEffect(() => {
    const el = host.current;
    if (!el || !figure || figure.foreign.length > 0) return;
    let gone = false;
    setTrouble(null);
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
        (e: Error) => setTrouble(e.message),
      )
      .catch((e: Error) => setTrouble(`Plotly cannot draw this figure: ${e.message}`));
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
  if (error ?? trouble) return <ErrorMessage text={error ?? trouble} again={again} />;
  if (cloud)
    return (
      <>
        <Scene cloud={cloud} label={item.caption ?? `${item.metric} at step ${item.step}`} />
        <p class="hint small">
          Only its points and lines, with axes of one length: Plotly's 3D is not part of this page. The
          download has all of it.
        </p>
      </>
    );
  if (figure && figure.foreign.length > 0)
    return (
      <p class="faint media-none">
        {whyNot(figure.foreign)} Download the figure's JSON, or log it as a picture too:{" "}
        <code>aspara.Image(figure.to_image())</code>.
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
