// Studies: a sweep, a search or a calibration from a form, or any study of the folder; watched while it runs.
import { ask, duration, Fault, hooks, html, Said, t } from "./core.js";
import { Front, Importances, Parallel } from "./watched.js";

const LEAST = { sweep: 2, optimise: 8, calibrate: 40 };
const ENDED = ["done", "failed", "cancelled"];

function Watched({ job, turns }) {
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
    ${rows.length ? html`<${Parallel} rows=${rows} /><${Front} rows=${rows} turns=${turns} /><${Importances} rows=${rows} />` : null}
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

/** What was measured: a key figure by its value, or a quantity by a column of a CSV, each with its error. */
function Measured({ rows, setRows }) {
  const put = (k, part) => setRows(rows.map((row, other) => (other === k ? { ...row, ...part } : row)));
  const field = (row, k, key, small) => html`<label class=${small ? "small wide" : null}>${t(`target_${key}`)}<input value=${row[key]} list=${key === "what" ? "quantities" : null} onInput=${(e) => put(k, { [key]: e.target.value })} /></label>`;
  return html`${rows.map((row, k) => html`<fieldset key=${k}><legend>${t("target", { n: k + 1 })}</legend><div class="row">${field(row, k, "what")}${field(row, k, "error", true)}</div>
      <div class="row">${field(row, k, "value", true)}${field(row, k, "csv", true)}${field(row, k, "column", true)}
      ${row.csv ? html`<label class="small wide">${t("target_over")}<select value=${row.over} onChange=${(e) => put(k, { over: e.target.value })}>${["mean", "sum", "instant"].map((one) => html`<option value=${one}>${t(`target_over_${one}`)}</option>`)}</select></label>` : null}
      ${rows.length > 1 ? html`<button class="plain" onClick=${() => setRows(rows.filter((_, other) => other !== k))} aria-label=${t("drop_one", { path: row.what })}>${t("drop")}</button>` : null}</div></fieldset>`)}
    <datalist id="quantities">${["throughput", "flow.", "level.", "share."].map((one) => html`<option value=${one}></option>`)}</datalist>
    ${rows.length < 12 ? html`<button onClick=${() => setRows([...rows, { ...MEASURED }])}>${t("target_more")}</button>` : null}`;
}
const MEASURED = { what: "throughput", value: "", csv: "", column: "", over: "mean", error: "2 %" };

export default function Study({ folder, jobs, code }) {
  const [file, setFile] = hooks.useState(folder.scenarios[0]?.file ?? "");
  const [known, setKnown] = hooks.useState({ studies: [], numbers: [] });
  const [kind, setKind] = hooks.useState("sweep");
  const [name, setName] = hooks.useState("study");
  const [rows, setRows] = hooks.useState([{ path: "", low: "", high: "" }]);
  const [points, setPoints] = hooks.useState(16);
  const [replications, setReplications] = hooks.useState(2);
  const [figures, setFigures] = hooks.useState("margin, throughput");
  const [large, setLarge] = hooks.useState("margin");
  const [small, setSmall] = hooks.useState("");
  const [targets, setTargets] = hooks.useState([{ ...MEASURED }]);
  const [chosen, setChosen] = hooks.useState("");
  const [error, setError] = hooks.useState(null);
  const mine = jobs.filter((job) => job.what === "study");
  const look = () => ask("studies", { file }).then((found) => { setKnown(found); setChosen((before) => before || found.studies[0]?.file || ""); }, setError);
  hooks.useEffect(() => { look(); }, [file, mine.length]);
  const whole = (set) => (e) => set(Math.max(1, Math.round(+e.target.value) || 1));
  const listed = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);
  const make = () => ask("study", { file, name, kind, vary: rows, points, replications, figures: kind === "optimise" ? [...listed(large), ...listed(small)] : listed(figures), minimise: listed(small), targets: targets.map((row) => ({ ...row, over: row.csv ? row.over : "" })) }).then(() => setError(null), setError);
  return html`<h1>${t("study")}</h1>
    <section class="card" aria-labelledby="h-new"><h2 id="h-new">${t("study_new")}</h2><div class="row">
      <label>${t("scenario")}<select value=${file} onChange=${(e) => setFile(e.target.value)}>${folder.scenarios.map((one) => html`<option value=${one.file}>${one.file}</option>`)}</select></label>
      <label>${t("study_kind")}<select value=${kind} onChange=${(e) => { setKind(e.target.value); setPoints(Math.max(points, LEAST[e.target.value])); }}><option value="sweep">${t("study_sweep")}</option><option value="optimise">${t("study_optimise")}</option><option value="calibrate">${t("study_calibrate")}</option></select></label>
      <label>${t("study_name")}<input value=${name} onInput=${(e) => setName(e.target.value)} /></label></div>
      <${Varied} rows=${rows} numbers=${known.numbers} setRows=${setRows} />
      ${kind === "calibrate" ? html`<${Measured} rows=${targets} setRows=${setTargets} />` : null}
      <div class="row"><label class="small">${t({ sweep: "study_points", optimise: "study_search", calibrate: "study_runs_first" }[kind])}<input type="number" min=${LEAST[kind]} max="1024" value=${points} onInput=${whole(setPoints)} /></label>
      ${kind === "calibrate" ? null : html`<label class="small">${t("study_replications")}<input type="number" min="1" max="200" value=${replications} onInput=${whole(setReplications)} /></label>
      ${kind === "sweep" ? html`<label>${t("study_figures")}<input value=${figures} onInput=${(e) => setFigures(e.target.value)} /></label>` : html`<label>${t("study_objective")}<input value=${large} onInput=${(e) => setLarge(e.target.value)} /></label>`}`}
      ${kind === "optimise" ? html`<label>${t("study_small")}<input value=${small} onInput=${(e) => setSmall(e.target.value)} /></label>` : null}
      <button class="main" onClick=${make} disabled=${!file}>${t("study_start")}</button></div><${Fault} error=${error} /></section>
    ${known.studies.length ? html`<section class="card" aria-labelledby="h-old"><h2 id="h-old">${t("study_old")}</h2><div class="row">
      <label>${t("study")}<select value=${chosen} onChange=${(e) => setChosen(e.target.value)}>${known.studies.map((one) => html`<option value=${one.file}>${one.file} (${t(`study_${one.kind}`)})</option>`)}</select></label>
      <button onClick=${() => ask("start_study", { file: chosen }).then(() => setError(null), setError)}>${t("study_start")}</button></div></section>` : null}
    ${mine.map((job) => html`<${Watched} key=${job.number} job=${job} turns=${known.studies.find((one) => one.file === job.file)?.objectives ?? {}} />`)}`;
}
