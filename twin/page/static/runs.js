// The queue of runs: what waits, how far each is, and what it needs still.
import { ask, duration, Fault, hooks, html, local, t, Said } from "./core.js";

const ENDED = ["done", "failed", "cancelled"];

export default function Runs({ folder, jobs, look }) {
  const [file, setFile] = hooks.useState(folder.scenarios[0]?.file ?? "");
  const [count, setCount] = hooks.useState(1);
  const [error, setError] = hooks.useState(null);
  const act = (what, given) => ask(what, given).then(() => setError(null), setError);
  return html`<h1>${t("runs")}</h1>
    <section class="card" aria-labelledby="h-run"><h2 id="h-run">${t("run")}</h2><div class="row">
      <label>${t("scenario")}<select value=${file} onChange=${(e) => setFile(e.target.value)}>${folder.scenarios.map((one) => html`<option value=${one.file}>${one.file}</option>`)}</select></label>
      <label class="small">${t("run_n")}<input type="number" min="1" max="200" value=${count} onInput=${(e) => setCount(Math.max(1, Math.round(+e.target.value) || 1))} /></label>
      <button class="main" onClick=${() => act("run", { file, replications: count })} disabled=${!file}>${t("run")}</button></div><${Fault} error=${error} /></section>
    <h2>${t("queue")}</h2>
    ${jobs.length ? html`<ul class="jobs">${jobs.map((job) => html`<li key=${job.number} class=${job.state}>
      <div class="head"><strong>${job.file}</strong><span class="muted">${job.what !== "run" ? t(job.what) : job.replications > 1 ? t("run_of", { n: job.replications }) : t("one_run")}</span></div>
      ${ENDED.includes(job.state) ? null : html`<progress max="1" value=${job.state === "running" ? job.share : null} aria-label=${job.file}></progress>`}
      <div class="row"><span>${t(job.state)}${job.state === "running" ? ` ${local((100 * job.share).toFixed(0))} %` : ""}${job.left !== null ? `, ${t("left", { time: duration(job.left) })}` : ""}</span>
      ${ENDED.includes(job.state) ? null : html`<button onClick=${() => act("cancel", { job: job.number })} aria-label=${`${t("cancel")}: ${job.file}`}>${t("cancel")}</button>`}
      ${job.state !== "done" ? null : job.what === "run" ? html`<button onClick=${() => look(job.files)}>${t("look")}</button>` : html`<a href=${{ study: "#study", cluster: "#cluster", compare: "#cluster" }[job.what] ?? "#results"}>${t(job.what)}</a>`}</div>
      ${job.message ? html`<${Said} text=${job.message} />` : null}</li>`)}</ul>` : html`<p class="muted">${t("no_runs")}</p>`}`;
}
