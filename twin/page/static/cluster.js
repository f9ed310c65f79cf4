// A cluster: the map of what goes between sites, its runs, its figures, and linked beside alone.
import { ask, Fault, Figure, hooks, html, language, t, Table, Said } from "./core.js";

const ENDED = ["done", "failed", "cancelled"];

function Job({ job, error }) {
  if (!job || job.state === "done") return null;
  return html`<div class="row"><span>${t(job.state)}</span>${ENDED.includes(job.state) ? null : html`<progress max="1" value=${job.state === "running" ? job.share : null} aria-label=${job.file}></progress><button onClick=${() => ask("cancel", { job: job.number }).catch(error)}>${t("cancel")}</button>`}</div>
    ${job.message ? html`<${Said} text=${job.message} />` : null}`;
}

function Beside({ file, files, jobs, code }) {
  const [against, setAgainst] = hooks.useState("alone");
  const [count, setCount] = hooks.useState(5);
  const [number, setNumber] = hooks.useState(null);
  const [found, setFound] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const job = jobs.find((one) => one.number === number);
  hooks.useEffect(() => { if (job?.state === "done") ask("clusters_compared", { job: number, language }).then((said) => setFound(said.answer), setError); }, [job?.state, code]);
  hooks.useEffect(() => { setFound(null); setNumber(null); setError(null); setAgainst("alone"); }, [file]);
  const act = () => ask("compare_clusters", { file, against, replications: count }).then((said) => { setFound(null); setError(null); setNumber(said.job); }, setError);
  const busy = job && !ENDED.includes(job.state);
  return html`<section class="card" aria-labelledby="k-beside"><h2 id="k-beside">${t("cluster_compare")}</h2><div class="row">
      <label>${t("cluster_against")}<select value=${against} onChange=${(e) => setAgainst(e.target.value)}><option value="alone">${t("cluster_alone")}</option>${files.filter((one) => one !== file).map((one) => html`<option value=${one}>${one}</option>`)}</select></label>
      <label class="small">${t("study_replications")}<input type="number" min="1" max="200" value=${count} onInput=${(e) => setCount(Math.max(1, Math.round(+e.target.value) || 1))} /></label>
      <button class="main" disabled=${busy} onClick=${act}>${t("cluster_start")}</button></div>
    <${Job} job=${job} error=${setError} /><${Fault} error=${error} />
    ${found ? html`<div role="status">${found.better.length ? html`<p class="verdict">${t("cluster_better", { names: found.better.join(", ") })}</p>` : null}${found.worse.length ? html`<p class="verdict">${t("cluster_worse", { names: found.worse.join(", ") })}</p>` : null}
      ${found.better.length + found.worse.length ? null : html`<p class="verdict">${t("cluster_unsure")}</p>`}</div>
      ${found.remarks.map((text) => html`<p class="note" lang="en">${text}</p>`)}
      <p class="note">${t("cluster_of", { n: found.replications })}</p><${Table} table=${found.whole} title=${t("cluster_compare")} />
      <details><summary>${t("cluster_of_sites")}</summary><${Table} table=${found.of_sites} title=${t("cluster_of_sites")} /></details>` : null}</section>`;
}

function Made({ run, stem }) {
  const [made, setMade] = hooks.useState("");
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => setMade(""), [run.file]);
  const act = () => ask("report_cluster", { files: [run.file], name: stem, language }).then((said) => { setMade(said.page); setError(null); }, setError);
  return html`<section aria-labelledby="k-went"><h2 id="k-went">${t("cluster_went")}: ${run.title}</h2>${run.hypothetical ? html`<p class="fault">${t("cluster_hypothetical")}</p>` : null}
      <${Figure} fits svg=${run.map} label=${t("cluster_went")} /></section>
    <section aria-labelledby="k-sites"><h2 id="k-sites">${t("cluster_by_site")}</h2><${Table} table=${run.by_site} title=${t("cluster_by_site")} /></section>
    ${run.links.rows.length ? html`<section aria-labelledby="k-hauls"><h2 id="k-hauls">${t("cluster_links")}</h2><${Table} table=${run.links} title=${t("cluster_links")} /></section>` : null}
    ${run.drawings.map((one) => html`<section aria-labelledby=${`k-${one.key}`}><h2 id=${`k-${one.key}`}>${one.label}</h2><${Figure} svg=${one.svg} label=${one.label} /></section>`)}
    <section aria-labelledby="k-own"><h2 id="k-own">${t("cluster_own")}</h2><${Table} table=${run.own} title=${t("cluster_own")} /></section>
    <div class="row"><button onClick=${act}>${t("cluster_report")}</button>${made ? html`<a href=${`/reports/${made}`} target="_blank" rel="noopener">${made}</a>` : null}</div><${Fault} error=${error} />`;
}

export default function Cluster({ folder, jobs, code }) {
  const { scenarios, results } = folder.clusters;
  const [file, setFile] = hooks.useState(scenarios[0] ?? "");
  const [run, setRun] = hooks.useState(results[0] ?? "");
  const [found, setFound] = hooks.useState({ planned: null, run: null });
  const [number, setNumber] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const job = jobs.find((one) => one.number === number);
  hooks.useEffect(() => { if (!file && scenarios.length) setFile(scenarios[0]); if (!run && results.length) setRun(results[0]); }, [folder]);
  hooks.useEffect(() => { if (job?.state === "done") setRun(job.files[0]); }, [job?.state]);
  const load = (what, given) => {
    if (!Object.values(given)[0]) return undefined;
    let here = true;
    ask("cluster", { ...given, language }).then((said) => { if (here) { setFound((before) => ({ ...before, [what]: said[what] })); setError(null); } }, (fault) => here && setError(fault));
    return () => { here = false; };
  };
  hooks.useEffect(() => load("planned", { file }), [file, code]);
  hooks.useEffect(() => load("run", { results: run }), [run, code, job?.state, results.length]);
  if (!scenarios.length && !results.length) return html`<h1>${t("cluster")}</h1><p>${t("cluster_none")}</p>`;
  const plan = found.planned?.file === file ? found.planned : null;
  const busy = job && !ENDED.includes(job.state);
  return html`<div class="head"><h1>${plan?.title ?? t("cluster")}</h1>${scenarios.length ? html`<label class="inline">${t("cluster_file")}<select value=${file} onChange=${(e) => setFile(e.target.value)}>${scenarios.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>` : null}</div>
    <${Fault} error=${error} />
    ${plan ? html`${plan.hypothetical ? html`<p class="fault">${t("cluster_hypothetical")}</p>` : null}
      <section aria-labelledby="k-map"><h2 id="k-map">${t("cluster_map")}</h2><${Figure} fits svg=${plan.map} label=${t("cluster_map")} /></section>
      <section aria-labelledby="k-list"><h2 id="k-list">${t("cluster_sites")}</h2><${Table} table=${plan.sites} title=${t("cluster_sites")} />
        ${plan.links.rows.length ? html`<h3>${t("cluster_links")}</h3><${Table} table=${plan.links} title=${t("cluster_links")} />` : null}</section>
      <div class="row"><button class="main" disabled=${busy} onClick=${() => ask("run_cluster", { file }).then((said) => { setNumber(said.job); setError(null); }, setError)}>${t("cluster_run")}</button></div>
      <${Job} job=${job} error=${setError} />
      ${plan.linked ? html`<${Beside} file=${file} files=${scenarios} jobs=${jobs} code=${code} />` : null}` : null}
    ${results.length ? html`<label class="inline">${t("cluster_results")}<select value=${run} onChange=${(e) => setRun(e.target.value)}>${results.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>` : html`<p class="muted">${t("cluster_none_yet")}</p>`}
    ${found.run && found.run.file === run ? html`<${Made} run=${found.run} stem=${`${run.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_-]/g, "_")}_cluster`} />` : null}`;
}
