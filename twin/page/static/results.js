// What a run says: verdict, figures with intervals, what limits, where the mass goes, levels over time, products.
import { ask, Fault, Figure, hooks, html, language, t, Table } from "./core.js";
import { groups } from "./groups.js";
import { OverTime } from "./levels.js";
import { Film } from "./film.js";
import { Gantt } from "./gantt.js";
import { Report } from "./report.js";

function Tiles({ rows }) {
  return html`<dl class="tiles">${rows.map((row) => html`<div><dt>${row.name}</dt><dd>${row.text} <span class="interval">${row.interval}</span>${row.flag ? html`<span class="flag">${row.flag}</span>` : null}</dd></div>`)}</dl>`;
}

function Sankeys({ views }) {
  const [key, setKey] = hooks.useState(views[0].key);
  const view = views.find((one) => one.key === key) ?? views[0];
  return html`<label class="inline">${t("flows")}<select value=${view.key} onChange=${(e) => setKey(e.target.value)}>${views.map((one) => html`<option value=${one.key}>${one.title}</option>`)}</select></label>
    <${Figure} svg=${view.svg} label=${view.title} />`;
}

export default function Results({ code, folder, shown, jobs }) {
  const all = groups(folder.results);
  const [files, setFiles] = hooks.useState(shown.length ? shown : all[0]?.files ?? []);
  const [found, setFound] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => { if (shown.length) setFiles(shown); }, [shown]);
  hooks.useEffect(() => { if (!files.length && all.length) setFiles(all[0].files); }, [folder]);  // a run may end while this screen is open
  hooks.useEffect(() => {
    if (!files.length) return;
    let here = true;
    ask("look", { files, language }).then((answer) => here && (setFound(answer), setError(null)), (fault) => here && (setError(fault), setFound(null)));
    return () => { here = false; };
  }, [files.join("|"), code]);
  const faulty = folder.results.filter((one) => one.fault);
  const chosen = all.find((one) => one.files.some((file) => files.includes(file)));
  return html`<div class="head"><h1>${found ? found.title : t("results")}</h1>${all.length ? html`<label class="inline">${t("results")}<select value=${chosen?.key} onChange=${(e) => setFiles(all.find((one) => one.key === e.target.value).files)}>
      ${all.map((one) => html`<option value=${one.key}>${one.scenario} (${one.files.length > 1 ? t("run_of", { n: one.files.length }) : t("one_run")}, ${one.key.slice(0, 6)})</option>`)}</select></label>` : null}</div>
    ${all.length ? null : html`<p class="muted">${t("no_results")}</p>`}
    ${faulty.length ? html`<ul class="problems">${faulty.map((one) => html`<li><code>${one.file}</code> ${t("unreadable")}: ${one.fault}</li>`)}</ul>` : null}
    <${Fault} error=${error} />
    ${found ? html`
    <section aria-labelledby="r-verdict"><h2 id="r-verdict">${t("verdict")}</h2><p class="verdict">${found.verdict.join(" ")}</p>${found.findings.map((text) => html`<p class="note">${text}</p>`)}<${Tiles} rows=${found.headlines} /></section>
    <section aria-labelledby="r-flow"><h2 id="r-flow">${t("flowsheet")}</h2><${Figure} svg=${found.drawings.flowsheet} label=${t("flowsheet")} /></section>
    ${found.drawings.bottlenecks ? html`<section aria-labelledby="r-limit"><h2 id="r-limit">${t("limits")}</h2><${Figure} svg=${found.drawings.bottlenecks} label=${t("limits")} />
      ${found.drawings.states ? html`<h3>${t("states")}</h3><${Figure} svg=${found.drawings.states} label=${t("states")} />` : null}</section>` : null}
    ${found.sankeys.length ? html`<section aria-labelledby="r-sankey"><h2 id="r-sankey">${t("flows")}</h2><${Sankeys} views=${found.sankeys} /></section>` : null}
    ${found.levels.curves.length || found.timed.flows || found.timed.states.length ? html`<section aria-labelledby="r-levels"><h2 id="r-levels">${t("over_time")}</h2><${OverTime} key=${found.digests.join()} file=${files[0]} levels=${found.levels} timed=${found.timed} code=${code} /></section>` : null}
    ${found.phases ? html`<section aria-labelledby="r-phases"><h2 id="r-phases">${t("phases")}</h2><${Gantt} file=${files[0]} first=${found.phases} code=${code} /></section>` : null}
    <section aria-labelledby="r-film"><h2 id="r-film">${t("film")}</h2><${Film} file=${files[0]} svg=${found.drawings.flowsheet} jobs=${jobs} /></section>
    <section aria-labelledby="r-products"><h2 id="r-products">${t("products")}</h2><${Table} table=${found.products} title=${t("products")} /></section>
    <section aria-labelledby="r-figures"><h2 id="r-figures">${t("figures")}</h2><div class="scroll" tabindex="0" role="group" aria-label=${t("figures")}><table><tbody>${found.plant.map((row) => html`<tr><th scope="row" title=${row.meaning}>${row.name}</th><td>${row.text}</td><td>${row.interval}</td><td class="left muted">${row.flag}</td></tr>`)}</tbody></table></div>
      <details><summary>${t("all_figures")}</summary>${found.matrices.map((one) => html`<h3>${one.title}</h3><${Table} table=${one} title=${one.title} />`)}</details></section>
    <${Report} files=${files} stem=${`${found.scenario}_report`} />` : null}`;
}
