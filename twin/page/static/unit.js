// The form of a unit: numbers with unit, range, basis and source, sliders inside the range of the base, and what else can be set.
import { ask, Fault, hooks, html, language, local, t } from "./core.js";

const shapes = () => import("./shape.js");

const parted = (text) => { const found = /^\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*(.*)$/i.exec(text); return found ? [Number(found[1]), found[2]] : [NaN, ""]; };

function Slider({ row, commit, show }) {
  const [low, unit] = parted(row.ends[0]);
  const [high, other] = parted(row.ends[1]);
  if (unit !== other || !(low < high)) return null;
  const value = low + ((row.value - row.low) / (row.high - row.low)) * (high - low);
  const text = (at) => { const share = (at - low) / (high - low); return share <= 0 ? row.ends[0] : share >= 1 ? row.ends[1] : `${Number(Number(at).toPrecision(4))} ${unit}`.trim(); };
  return html`<input type="range" min=${low} max=${high} step="any" value=${value} aria-label=${t("slider", { name: row.label })} aria-valuetext=${local(row.text)}
    onInput=${(e) => show(text(e.target.value))} onChange=${(e) => commit(text(e.target.value))}
    onKeyDown=${(e) => { const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key]; if (step) { e.preventDefault(); const at = Math.min(high, Math.max(low, value + step * (high - low) / 50)); show(text(at)); commit(text(at)); } }} />`;
}

/** Basis, source and range of a number that was changed: what the change file says of it, unless the user says more. */
function Statement({ row, state }) {
  const begin = () => ({ basis: row.basis_is, source: row.source, low: local(row.range[0]), high: local(row.range[1]) });
  const [said, setSaid] = hooks.useState(begin);
  hooks.useEffect(() => setSaid(begin()), [row.text, row.basis_is, row.source, row.range.join(), language]);
  const end = (key, k) => (said[key] === local(row.range[k]) ? { [`${key}_is`]: row.range[k] } : { [key]: said[key] });
  const field = (key) => html`<label>${t(`stated_${key}`)}<input value=${said[key]} autocomplete="off" onInput=${(e) => setSaid({ ...said, [key]: e.target.value })} /></label>`;
  return html`<details class="stated"><summary>${t("stated")}</summary>
    <label>${t("basis")}<select value=${said.basis} onChange=${(e) => setSaid({ ...said, basis: e.target.value })}>${["assumed", "measured", "literature"].map((one) => html`<option value=${one}>${t(`basis_${one}`)}</option>`)}</select></label>
    ${field("source")}<div class="row">${field("low")}${field("high")}</div><button onClick=${() => state(row.path, { basis: said.basis, source: said.source, ...end("low", 0), ...end("high", 1) })}>${t("shape_take")}</button></details>`;
}

function NumberRow({ row, problem, typed, slid, state }) {
  const [text, setText] = hooks.useState(local(row.text));
  const id = `f-${row.path}`;
  hooks.useEffect(() => { if (!problem) setText(local(row.text)); }, [row.text, language]);
  hooks.useEffect(() => { if (!problem && document.activeElement?.id !== id) setText(local(row.text)); }, [row]);
  const sent = hooks.useRef("");
  const commit = () => {
    if (text.trim() === local(row.text)) { if (problem) slid(row.path, row.text); return; }
    if (!text.trim() || text === sent.current) return;
    sent.current = text;
    typed(row.path, text);
  };
  const about = [row.basis ? `${t("basis")}: ${row.given ? "" : `${t("default")}, `}${row.basis}` : "", row.source ? `${t("source")}: ${row.source}` : ""].filter(Boolean).join(" · ");
  return html`<div class=${`field ${row.changed ? "is-changed" : ""}`}>
    <label for=${id}>${row.label.replaceAll("_", " ")}</label>
    <input id=${id} value=${text} autocomplete="off" spellcheck="false" aria-invalid=${problem ? "true" : null} aria-describedby=${`${id}-about`}
      onInput=${(e) => { sent.current = ""; setText(e.target.value); }} onBlur=${commit} onKeyDown=${(e) => { if (e.key === "Enter") commit(); }} />
    ${row.ends ? html`<div class="slide"><${Slider} row=${row} show=${(next) => setText(local(next))} commit=${(next) => slid(row.path, next)} /><span class="muted">${t("from_to", { low: row.ends[0], high: row.ends[1] })}</span></div>` : null}
    <p id=${`${id}-about`} class="about">${problem ? html`<strong class="wrong" role="alert">${problem.message}</strong><br />` : null}${row.changed ? html`<span class="was">${t("base_says", { value: row.before })}</span> ` : null}${row.about}${about ? html`<span class="muted"> ${about}</span>` : null}</p>
    ${row.changed || row.stated ? html`<${Statement} row=${row} state=${state} />` : null}
  </div>`;
}

function OtherRow({ row, problem, typed, slid }) {
  const id = `f-${row.path}`;
  const input = row.form === "flag"
    ? html`<input id=${id} type="checkbox" checked=${row.on} onChange=${(e) => slid(row.path, e.target.checked)} />`
    : row.form === "choice"
      ? html`<select id=${id} value=${row.text} onChange=${(e) => slid(row.path, e.target.value)}>${row.choices.map((one) => html`<option value=${one}>${one || "–"}</option>`)}</select>`
      : html`<input id=${id} defaultValue=${row.text} placeholder=${row.example ? t("not_given", { example: row.example }) : ""} onChange=${(e) => { if (e.target.value.trim()) (row.form === "number" ? typed : slid)(row.path, e.target.value); }} />`;
  return html`<div class="field"><label for=${id}>${row.label.replaceAll("_", " ")}</label>${input}
    <p class="about">${problem ? html`<strong class="wrong" role="alert">${problem.message}</strong><br />` : null}${row.about}</p></div>`;
}

function Remove({ form, draft, replace }) {
  const [through, setThrough] = hooks.useState(form.streams.length ? form.streams.at(-1).name : "");
  const [error, setError] = hooks.useState(null);
  const act = () => ask("remove", { draft, unit: form.name, through }).then((found) => replace(found.draft), setError);
  return html`<div class="row remove"><button onClick=${act}>${t("remove")}</button>
    ${form.streams.length ? html`<label class="inline">${t("remove_through")}<select value=${through} onChange=${(e) => setThrough(e.target.value)}>${form.streams.map((one) => html`<option value=${one.name}>${one.name}</option>`)}</select></label>` : null}</div>
    <${Fault} error=${error} />`;
}

/** Forms of what is more than a number; loaded when they are opened. */
function Blocks({ form, draft, code, replace }) {
  const [Block, setBlock] = hooks.useState(null);
  if (!form.blocks.length) return null;
  const open = (e) => { if (e.target.open && !Block) shapes().then((module) => setBlock(() => module.Block)); };
  return html`<details onToggle=${open}><summary>${t("shapes")}</summary>${Block ? form.blocks.map((block) => html`<${Block} key=${block.path} block=${block} draft=${draft} code=${code} replace=${replace} />`) : html`<p class="muted">${t("loading")}</p>`}</details>`;
}

export function UnitForm({ unit, draft, code, problems, set, put, replace, close }) {
  const [form, setForm] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const head = hooks.useRef(null);
  hooks.useEffect(() => {
    let here = true;
    ask("unit", { draft, unit, language }).then(({ unit: found }) => here && (setForm(found), setError(null)), (found) => here && setError(found));
    return () => { here = false; };
  }, [unit, draft, code]);
  hooks.useEffect(() => { if (form) head.current?.scrollIntoView({ block: "nearest" }); }, [form?.name]);
  if (!form) return html`<section class="card"><h2>${unit}</h2><${Fault} error=${error} /></section>`;
  const wrong = (path) => problems.find((one) => one.path === path);
  const typed = (path, text) => set({}, { [path]: text });
  const slid = (path, value) => set({ [path]: value });
  const first = (row) => row.given || row.changed || row.ends;
  const number = (row) => html`<${NumberRow} key=${row.path} row=${row} problem=${wrong(row.path)} typed=${typed} slid=${slid} state=${(path, said) => set({}, {}, { [path]: said })} />`;
  return html`<section class="card unit" aria-labelledby="h-unit">
    <div class="head"><h2 id="h-unit" ref=${head}>${form.name} <span class="muted">${form.called}</span></h2><button class="plain" onClick=${close}>${t("close")}</button></div>
    <p class="about">${form.title ? `${form.title}. ` : ""}${form.summary}</p>
    <p class="about">${form.takes.length ? html`${t("takes")} ${form.takes.map((one, k) => html`${k ? ", " : ""}<code>${one}</code>`)}. ` : null}${form.streams.filter((one) => one.to).map((one) => html`<code>${one.name}</code> ${t("leads")} <code>${one.to}</code>. `)}</p>
    <h3>${t("parameters")}</h3>
    ${form.numbers.filter(first).map(number)}
    ${form.numbers.some((row) => !first(row)) ? html`<details open=${!form.numbers.some(first)}><summary>${t("defaults")}</summary>${form.numbers.filter((row) => !first(row)).map(number)}</details>` : null}
    ${form.more ? html`<p class="muted">${t("more", { n: form.more })}</p>` : null}
    ${form.fields.length ? html`<details><summary>${t("settings")}</summary>${form.fields.map((row) => html`<${OtherRow} key=${row.path} row=${row} problem=${wrong(row.path)} typed=${typed} slid=${slid} />`)}</details>` : null}
    <${Blocks} form=${form} draft=${draft} code=${code} replace=${put} />
    <${Remove} key=${form.name} form=${form} draft=${draft} replace=${replace} />
  </section>`;
}
