// Stocks over time by uPlot: drag to zoom, double-click or a button to see all.
import { ask, Fault, hooks, html, language, local, t } from "./core.js";

const INKS = ["#4477aa", "#cc6677", "#228833", "#aa4499", "#ddaa33", "#66aacc", "#882255", "#999933"];
let loading = null;

export function uplot() {
  if (!loading) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/static/vendor/uplot.css" });
    document.head.append(link);
    loading = import("./vendor/uplot.mjs").then((module) => module.default);
  }
  return loading;
}

/** Levels, flows or the states of a unit over the time of a run; what is not levels is asked for when it is chosen. */
export function OverTime({ file, levels, timed, code }) {
  const first = levels.curves.length ? "levels" : timed.flows ? "flows" : timed.states[0];
  const [what, setWhat] = hooks.useState(first);
  const [found, setFound] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => {
    if (what === "levels") { setFound(null); return; }
    let here = true;
    ask("over_time", { file, curves: what }).then((answer) => here && (setFound({ ...answer, what }), setError(null)), (fault) => here && (setError(fault), setFound(null)));
    return () => { here = false; };
  }, [what, file, code]);
  const shown = what === "levels" ? levels : found?.what === what ? found : null;
  return html`<label class="inline">${t("over_time_what")}<select value=${what} onChange=${(e) => setWhat(e.target.value)}>${levels.curves.length ? html`<option value="levels">${t("over_time_levels")}</option>` : null}${timed.flows ? html`<option value="flows">${t("over_time_flows")}</option>` : null}${timed.states.map((name) => html`<option value=${name}>${t("over_time_states", { name })}</option>`)}</select></label>
    <${Fault} error=${error} />${shown ? html`<${Levels} key=${`${what}-${code}`} levels=${shown} hint=${t(what === "levels" ? "levels_hint" : what === "flows" ? "flows_hint" : "states_hint")} />` : null}`;
}

export function Levels({ levels, hint }) {
  const unit = levels.unit ?? "t";
  const box = hooks.useRef(null);
  const chart = hooks.useRef(null);
  const [hidden, setHidden] = hooks.useState(() => new Set(levels.curves.slice(8).map((one) => one.name)));
  hooks.useEffect(() => {
    let gone = false, sized = null;
    uplot().then((UPlot) => {
      if (gone || !box.current) return;
      const style = getComputedStyle(box.current);
      const ink = style.color, faint = style.getPropertyValue("--line").trim() || "#ccc";
      const axis = { stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint }, values: (_, all) => all.map((v) => local(String(v))) };
      const series = [{ label: t("days"), value: (_, v) => (v === null ? "–" : local(v.toFixed(2))) }, ...levels.curves.map((one, k) => ({ label: one.name, stroke: INKS[k % INKS.length], width: 1.5, dash: k >= INKS.length ? [6, 3] : undefined, show: !hidden.has(one.name), value: (_, v) => (v === null ? "–" : `${local(v.toFixed(1))} ${unit}`) }))];
      const size = () => ({ width: Math.max(260, box.current.clientWidth), height: 320 });
      chart.current = new UPlot({ ...size(), scales: { x: { time: false } }, axes: [{ ...axis, label: t("days"), stroke: ink }, { ...axis, label: unit }], series, cursor: { drag: { x: true, y: false } } }, [levels.days, ...levels.curves.map((one) => one.values)], box.current);
      sized = new ResizeObserver(() => { if (box.current) chart.current?.setSize(size()); });
      sized.observe(box.current);
    });
    return () => { gone = true; sized?.disconnect(); chart.current?.destroy(); chart.current = null; };
  }, [levels, language]);
  hooks.useEffect(() => { levels.curves.forEach((one, k) => chart.current?.setSeries(k + 1, { show: !hidden.has(one.name) })); }, [hidden]);
  const end = levels.days.at(-1);
  const zoom = (low, high) => chart.current?.setScale("x", { min: low, max: high });
  const nearer = () => { const { min, max } = chart.current.scales.x; const quarter = (max - min) / 4; zoom(min + quarter, max - quarter); };
  const turn = (name) => setHidden((before) => { const next = new Set(before); if (!next.delete(name)) next.add(name); return next; });
  return html`<p class="note">${hint ?? t("levels_hint")}</p><div class="levels" ref=${box}></div>
    <div class="row"><button onClick=${nearer}>${t("wider")}</button><button onClick=${() => zoom(levels.days[0], end)}>${t("whole")}</button></div>
    <div class="row">${levels.curves.map((one) => html`<label class="check"><input type="checkbox" checked=${!hidden.has(one.name)} onChange=${() => turn(one.name)} />${one.name}</label>`)}</div>`;
}
