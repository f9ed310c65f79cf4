// Phases of furnaces over time: a stretch of the run, moved and widened by buttons.
import { ask, Fault, Figure, hooks, html, language, local, t, Table } from "./core.js";

export function Gantt({ file, first, code }) {
  const [found, setFound] = hooks.useState(first);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => setFound(first), [first]);
  const show = (begin, span) => ask("phases", { file, begin, span, language }).then((said) => { setFound(said); setError(null); }, setError);
  const { begin, span, end } = found;
  const wide = (next) => Math.min(Math.max(1, end), Math.max(1, next));
  const day = (hours) => local((hours / 24).toFixed(2));
  return html`<${Figure} svg=${found.svg} label=${t("phases")} />
    <p class="row">${found.kinds.map((one) => html`<span class="swatch"><svg class="figure chip" viewBox="0 0 10 10" aria-hidden="true"><rect class=${`phase ${one.kind}`} width="10" height="10" /></svg>${one.name}</span>`)}</p>
    <div class="row"><button disabled=${begin <= 0} onClick=${() => show(Math.max(0, begin - span), span)}>${t("phases_before")}</button>
      <button disabled=${begin + span >= end} onClick=${() => show(begin + span, span)}>${t("phases_after")}</button>
      <button disabled=${span <= 1} onClick=${() => show(begin + span / 4, wide(span / 2))}>${t("wider")}</button>
      <button disabled=${span >= end} onClick=${() => show(Math.max(0, begin - span / 2), wide(span * 2))}>${t("phases_more")}</button>
      <output class="muted">${t("phases_at", { from: day(begin), to: day(Math.min(end, begin + span)), of: day(end) })}</output></div><${Fault} error=${error} />
    <details><summary>${t("phases_limits")}</summary><${Table} table=${found.limits} title=${t("phases_limits")} /></details>`;
}
