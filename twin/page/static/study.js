// Studies: a sweep or a search from a form, or any study of the folder; watched while it runs as parallel coordinates.
import { ask, duration, Fault, hooks, html, local, t, Said } from "./core.js";

const ENDED = ["done", "failed", "cancelled"];

/** One line a run over axes that are what was varied and what came out; drawn as they come. */
function Parallel({ rows }) {
  const keys = [];
  for (const row of rows) for (const key of [...Object.keys(row.changes).map((path) => `c:${path}`), ...Object.keys(row.figures).map((name) => `f:${name}`)]) if (!keys.includes(key)) keys.push(key);
  const value = (row, key) => (key[0] === "c" ? row.changes[key.slice(2)] : row.figures[key.slice(2)]) ?? NaN;
  const axes = keys.map((key) => { const own = rows.filter((row) => Number.isFinite(value(row, key))).sort((a, b) => value(a, key) - value(b, key)); const end = (row) => row && { at: value(row, key), text: local(row.texts[key.slice(2)]) }; return { key, least: end(own[0]), most: end(own.at(-1)), some: own.length > 0 }; }).filter((axis) => axis.some);
  if (axes.length < 2) return html`<p class="muted">${t("study_few")}</p>`;
  const wide = Math.max(480, 150 * axes.length), high = 300, left = 70, step = (wide - 2 * left) / (axes.length - 1);
  const y = (axis, v) => 40 + (high - 80) * (axis.most.at === axis.least.at ? 0.5 : 1 - (v - axis.least.at) / (axis.most.at - axis.least.at));
  const line = (row) => axes.map((axis, k) => { const v = value(row, axis.key); return Number.isFinite(v) ? `${left + k * step},${y(axis, v).toFixed(1)}` : null; }).filter(Boolean).join(" ");
  return html`<div class="figure scroll" tabindex="0" role="group" aria-label=${t("study_lines")}><svg class="figure parallel" viewBox=${`0 0 ${wide} ${high}`} width=${wide} height=${high} role="img" aria-label=${t("study_lines")}>
    ${rows.map((row, k) => html`<polyline points=${line(row)} class=${k === rows.length - 1 ? "last" : null} />`)}
    ${axes.map((axis, k) => html`<g><line x1=${left + k * step} x2=${left + k * step} y1="40" y2=${high - 40} />
      <text x=${left + k * step} y="14" text-anchor="middle">${axis.key.slice(2).split(".").slice(-2).join(".")}</text><text x=${left + k * step} y="32" text-anchor="middle" class="end">${axis.most.text}</text><text x=${left + k * step} y=${high - 22} text-anchor="middle" class="end">${axis.least.text}</text></g>`)}
  </svg></div>`;
}

function Watched({ job }) {
  const [rows, setRows] = hooks.useState([]);
  const [answer, setAnswer] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const had = hooks.useRef(0);
  hooks.useEffect(() => {
    ask("answer", { job: job.number, since: had.current }).then((found) => {
      setRows((before) => { const next = [...before.slice(0, had.current), ...found.rows]; had.current = next.length; return next; });
      if (found.answer) setAnswer(found.answer);
    }, setError);
  }, [job.number, job.rows, job.state]);
  return html`<section class="card" aria-labelledby=${`h-study-${job.number}`}><h2 id=${`h-study-${job.number}`}>${job.file}</h2>
    ${ENDED.includes(job.state) ? null : html`<progress max="1" value=${job.state === "running" ? job.share : null} aria-label=${job.file}></progress>`}
    <div class="row"><span>${t(job.state)}, ${t("study_runs", { n: job.rows })}${job.left !== null ? `, ${t("left", { time: duration(job.left) })}` : ""}</span>
      ${ENDED.includes(job.state) ? null : html`<button onClick=${() => ask("cancel", { job: job.number }).catch(setError)}>${t("cancel")}</button>`}
      ${answer?.report ? html`<a href=${`/reports/${answer.report}`} target="_blank" rel="noopener">${t("report")}</a>` : null}</div>
    ${job.message ? html`<${Said} text=${job.message} />` : null}<${Fault} error=${error} />
    ${rows.length ? html`<${Parallel} rows=${rows} />` : null}
    ${answer ? html`<pre class="scroll" tabindex="0" role="group" aria-label=${job.file} lang="en">${answer.lines.join("\n")}</pre><p class="note">${answer.files.join(", ")}</p>` : null}</section>`;
}

function Varied({ rows, numbers, setRows }) {
  const put = (k, part) => setRows(rows.map((row, other) => (other === k ? { ...row, ...part } : row)));
  const ends = (path) => { const found = numbers.find((one) => one.path === path); return found ? { low: found.low, high: found.high } : {}; };
  const choose = (k, path) => put(k, { path, ...ends(path) });
  hooks.useEffect(() => setRows((now) => now.map((row) => (row.low || row.high ? row : { ...row, ...ends(row.path) }))), [numbers, rows.map((row) => row.path).join()]);  // of the rows of now: something may be typed meanwhile
  return html`${rows.map((row, k) => html`<fieldset key=${k}><legend>${t("study_vary", { n: k + 1 })}</legend><div class="row">
      <label>${t("study_path")}<input list="paths" value=${row.path} onInput=${(e) => choose(k, e.target.value)} /></label>
      <label class="small">${t("study_low")}<input value=${row.low} onInput=${(e) => put(k, { low: e.target.value })} /></label>
      <label class="small">${t("study_high")}<input value=${row.high} onInput=${(e) => put(k, { high: e.target.value })} /></label>
      ${rows.length > 1 ? html`<button class="plain" onClick=${() => setRows(rows.filter((_, other) => other !== k))} aria-label=${t("drop_one", { path: row.path })}>${t("drop")}</button>` : null}</div></fieldset>`)}
    <datalist id="paths">${numbers.map((one) => html`<option value=${one.path}>${one.value}</option>`)}</datalist>
    ${rows.length < 8 ? html`<button onClick=${() => setRows([...rows, { path: "", low: "", high: "" }])}>${t("study_more")}</button>` : null}`;
}

export default function Study({ folder, jobs, code }) {
  const [file, setFile] = hooks.useState(folder.scenarios[0]?.file ?? "");
  const [known, setKnown] = hooks.useState({ studies: [], numbers: [] });
  const [kind, setKind] = hooks.useState("sweep");
  const [name, setName] = hooks.useState("study");
  const [rows, setRows] = hooks.useState([{ path: "", low: "", high: "" }]);
  const [points, setPoints] = hooks.useState(16);
  const [replications, setReplications] = hooks.useState(2);
  const [figures, setFigures] = hooks.useState("margin, throughput");
  const [chosen, setChosen] = hooks.useState("");
  const [error, setError] = hooks.useState(null);
  const mine = jobs.filter((job) => job.what === "study");
  const look = () => ask("studies", { file }).then((found) => { setKnown(found); setChosen((before) => before || found.studies[0]?.file || ""); }, setError);
  hooks.useEffect(() => { look(); }, [file, mine.length]);
  const whole = (set) => (e) => set(Math.max(1, Math.round(+e.target.value) || 1));
  const make = () => ask("study", { file, name, kind, vary: rows, points, replications, figures: figures.split(",").map((one) => one.trim()).filter(Boolean) }).then(() => setError(null), setError);
  return html`<h1>${t("study")}</h1>
    <section class="card" aria-labelledby="h-new"><h2 id="h-new">${t("study_new")}</h2><div class="row">
      <label>${t("scenario")}<select value=${file} onChange=${(e) => setFile(e.target.value)}>${folder.scenarios.map((one) => html`<option value=${one.file}>${one.file}</option>`)}</select></label>
      <label>${t("study_kind")}<select value=${kind} onChange=${(e) => setKind(e.target.value)}><option value="sweep">${t("study_sweep")}</option><option value="optimise">${t("study_optimise")}</option></select></label>
      <label>${t("study_name")}<input value=${name} onInput=${(e) => setName(e.target.value)} /></label></div>
      <${Varied} rows=${rows} numbers=${known.numbers} setRows=${setRows} />
      <div class="row"><label class="small">${t(kind === "sweep" ? "study_points" : "study_search")}<input type="number" min="2" max="1024" value=${points} onInput=${whole(setPoints)} /></label>
      <label class="small">${t("study_replications")}<input type="number" min="1" max="200" value=${replications} onInput=${whole(setReplications)} /></label>
      <label>${t(kind === "sweep" ? "study_figures" : "study_objective")}<input value=${figures} onInput=${(e) => setFigures(e.target.value)} /></label>
      <button class="main" onClick=${make} disabled=${!file}>${t("study_start")}</button></div><${Fault} error=${error} /></section>
    ${known.studies.length ? html`<section class="card" aria-labelledby="h-old"><h2 id="h-old">${t("study_old")}</h2><div class="row">
      <label>${t("study")}<select value=${chosen} onChange=${(e) => setChosen(e.target.value)}>${known.studies.map((one) => html`<option value=${one.file}>${one.file} (${t(`study_${one.kind}`)})</option>`)}</select></label>
      <button onClick=${() => ask("start_study", { file: chosen }).then(() => setError(null), setError)}>${t("study_start")}</button></div></section>` : null}
    ${mine.map((job) => html`<${Watched} key=${job.number} job=${job} />`)}`;
}
