// The plant: its flowsheet, the parameters of a unit, the changes as a list, saving and running them.
import { ask, Fault, hooks, html, language, local, t } from "./core.js";
import { UnitForm } from "./unit.js";
import { AddForm } from "./add.js";

/** A number that was given basis and source keeps them when it is changed once more. */
const told = (before, changes) => Object.fromEntries(Object.entries(changes).map(([path, value]) => { const { basis, source } = before[path]?.value === undefined ? {} : before[path]; return [path, basis && typeof value === "string" ? { value, basis, ...(source ? { source } : {}) } : value]; }));
const empty = (base) => ({ base, changes: {}, remove: [] });

/** The drawing, in which units are buttons: one stop for Tab, arrow keys go from unit to unit. */
function Flowsheet({ svg, unit, changed, wrong, choose }) {
  const box = hooks.useRef(null);
  const shapes = () => [...box.current.querySelectorAll("[data-unit]")];
  hooks.useLayoutEffect(() => {
    const drawing = box.current.querySelector("svg");
    if (drawing) drawing.setAttribute("role", "group");
    shapes().forEach((shape, k) => {
      shape.setAttribute("role", "button");
      shape.setAttribute("aria-label", shape.querySelector("title")?.textContent ?? shape.dataset.unit);
      shape.setAttribute("tabindex", (unit ? shape.dataset.unit === unit : k === 0) ? "0" : "-1");
    });
  }, [svg]);
  hooks.useLayoutEffect(() => {
    const all = shapes();
    for (const shape of all) {
      const own = shape.dataset.unit;
      shape.setAttribute("aria-pressed", String(own === unit));
      shape.classList.toggle("is-changed", changed.has(own));
      shape.classList.toggle("is-wrong", wrong.has(own));
    }
    const stop = all.find((shape) => shape.dataset.unit === unit) ?? all[0];
    all.forEach((shape) => shape.setAttribute("tabindex", shape === stop ? "0" : "-1"));
  }, [svg, unit, changed, wrong]);
  const click = (event) => {
    const shape = event.target.closest("[data-unit]");
    if (shape) choose(shape.dataset.unit);
  };
  const key = (event) => {
    const shape = event.target.closest("[data-unit]");
    if (!shape) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(shape.dataset.unit); }
    else if (step) {
      event.preventDefault();
      const all = shapes();
      const next = all[(all.indexOf(shape) + step + all.length) % all.length];
      all.forEach((one) => one.setAttribute("tabindex", one === next ? "0" : "-1"));
      next.focus();
    }
  };
  return html`<div class="figure scroll flowsheet" ref=${box} onClick=${click} onKeyDown=${key} dangerouslySetInnerHTML=${{ __html: svg }}></div>`;
}

function Changes({ changes, drop, problems }) {
  const wrong = new Set(problems.map((problem) => problem.path));
  if (!changes.length) return html`<p class="muted">${t("no_changes")}</p>`;
  return html`<ul class="changes">${changes.map((row) => html`<li key=${row.path} class=${wrong.has(row.path) ? "wrong" : null}>
    <code>${row.path}</code><span>${row.before ? html`<s>${local(row.before)}</s> ` : null}${local(row.now) || html`<em>${t("removed")}</em>`}</span>
    <button class="plain" aria-label=${t("drop_one", { path: row.path })} onClick=${() => drop(row.path)}>${t("drop")}</button></li>`)}</ul>`;
}

function Save({ state, draft, saved }) {
  const [name, setName] = hooks.useState("");
  const [count, setCount] = hooks.useState(1);
  const [base, setBase] = hooks.useState(true);
  const [error, setError] = hooks.useState(null);
  const [told, setTold] = hooks.useState("");
  const plain = !state.changes.length;
  hooks.useEffect(() => setName(`${draft.base.replace(/\.ya?ml$/, "").replace(/[^A-Za-z0-9_-]/g, "_")}_variant`), [draft.base]);
  const act = async (runs) => {
    setError(null);
    setTold("");
    try {
      let file = draft.base;
      if (!plain) {
        file = (await ask("save", { draft, name })).file;
        setTold(t("saved", { file, base: draft.base }));
      }
      if (runs) {
        if (base && !plain) await ask("run", { file: draft.base, replications: count });
        await ask("run", { file, replications: count });
        location.hash = "runs";
      }
      saved();
    } catch (found) { setError(found); }
  };
  return html`<section class="card" aria-labelledby="h-save"><h2 id="h-save">${plain ? t("run") : t("save")}</h2>
    ${plain ? null : html`<label>${t("save_name")}<input value=${name} onInput=${(e) => setName(e.target.value)} /></label>`}
    <div class="row"><label class="small">${t("run_n")}<input type="number" min="1" max="200" value=${count} onInput=${(e) => setCount(Math.max(1, Math.round(+e.target.value) || 1))} /></label>
    ${plain ? null : html`<label class="check"><input type="checkbox" checked=${base} onChange=${(e) => setBase(e.target.checked)} />${t("run_base")}</label>`}</div>
    <div class="row">${plain ? null : html`<button onClick=${() => act(false)} disabled=${state.problems.length > 0}>${t("save")}</button>`}
    <button class="main" onClick=${() => act(true)} disabled=${state.problems.length > 0}>${plain ? t("run") : t("save_run")}</button></div>
    ${told ? html`<p role="status">${told}</p>` : null}<${Fault} error=${error} /></section>`;
}

/** What units share; its forms are loaded when they are asked for. */
function Later(props) {
  const [Found, setFound] = hooks.useState(null);
  return Found ? html`<${Found} ...${props} />` : html`<button class="plain" onClick=${() => import("./shape.js").then((module) => setFound(() => module.Calendars))}>${t("shared")}</button>`;
}

export function Plant({ code, folder, refresh }) {
  const files = folder.scenarios.map((one) => one.file);
  const [draft, setDraft] = hooks.useState(() => empty(files[0] ?? ""));
  const [state, setState] = hooks.useState({ svg: "", changes: [], problems: [], units: [] });
  const [unit, setUnit] = hooks.useState("");
  const [error, setError] = hooks.useState(null);
  const [adding, setAdding] = hooks.useState(false);
  const past = hooks.useRef({ back: [], forth: [] });
  const turn = hooks.useRef(0);
  const now = hooks.useRef(draft);
  const pending = hooks.useRef(Promise.resolve());
  const load = async (next, typed = {}, stated = {}) => {
    if (!next.base) return;
    const mine = ++turn.current;
    try {
      const found = await ask("plant", { draft: next, typed, stated, language });
      if (mine !== turn.current) return;
      setError(null);
      now.current = found.draft;
      setDraft((before) => (JSON.stringify(before) === JSON.stringify(found.draft) ? before : found.draft));
      setState((before) => ({ ...before, ...found }));
      return found;
    } catch (found) {
      if (mine !== turn.current) return;
      setError(found);
      setState({ svg: "", changes: [], problems: [], units: [] });
    }
  };
  hooks.useEffect(() => { load(draft); }, [code]);
  hooks.useEffect(() => { if (!draft.base && files.length) load(empty(files[0])); }, [files.length]);
  // one after another, each on what the one before made: who clicks faster than the server answers loses nothing
  const queued = (act) => { pending.current = pending.current.then(act, act); return pending.current; };
  const change = (made, typed = {}, stated = {}) => queued(async () => {
    const before = now.current;
    const found = await load(typeof made === "function" ? made(before) : made, typed, stated);
    if (!found) return;
    if (JSON.stringify(found.draft) !== JSON.stringify(before)) past.current = { back: [...past.current.back, before].slice(-100), forth: [] };
    setState((all) => ({ ...all }));
  });
  const step = (from, to) => queued(async () => {
    if (!past.current[from].length) return;
    const next = past.current[from].at(-1);
    past.current = { ...past.current, [from]: past.current[from].slice(0, -1), [to]: [...past.current[to], now.current] };
    await load(next);
  });
  const open = (file) => {
    past.current = { back: [], forth: [] };
    setUnit("");
    setState({ svg: "", changes: [], problems: [], units: [] });
    load(empty(file));
  };
  const drop = (path) => {
    change((before) => {
      const { [path]: _, ...changes } = before.changes;
      return { ...before, changes, remove: before.remove.filter((one) => one !== path) };
    });
  };
  const owners = (rows) => new Set(rows.map((row) => row.path.split(".")).filter((parts) => parts[0] === "units").map((parts) => parts[1]));
  const changed = hooks.useMemo(() => owners(state.changes), [state.changes]);
  const wrong = hooks.useMemo(() => owners(state.problems), [state.problems]);
  hooks.useEffect(() => {
    const key = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input,select,textarea")) return;
      event.preventDefault();
      if (event.shiftKey) step("forth", "back"); else step("back", "forth");
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  if (!files.length) return html`<h1>${t("plant")}</h1><p>${t("no_scenarios")}</p>`;
  return html`<div class="head"><h1>${state.title || t("plant")}</h1>
      <label class="inline">${t("scenario")}<select value=${draft.base} onChange=${(e) => open(e.target.value)}>${folder.scenarios.map((one) => html`<option value=${one.file}>${one.file}</option>`)}</select></label></div>
    <${Fault} error=${error} />
    <div class="bench"><section aria-labelledby="h-sheet"><h2 id="h-sheet" class="quiet">${t("flowsheet")}</h2>
      <${Flowsheet} svg=${state.svg} unit=${unit} changed=${changed} wrong=${wrong} choose=${(name) => { setAdding(false); setUnit(name); }} />
      <div class="row"><button onClick=${() => step("back", "forth")} disabled=${!past.current.back.length}>${t("undo")}</button>
      <button onClick=${() => step("forth", "back")} disabled=${!past.current.forth.length}>${t("redo")}</button>
      <button onClick=${() => { setUnit(""); setAdding(!adding); }} aria-expanded=${adding}>${t("add")}</button></div>
    </section>
    <aside aria-label=${t("unit")}>
      ${adding ? html`<${AddForm} draft=${draft} units=${state.units} code=${code} close=${() => setAdding(false)} put=${(next, name) => { setAdding(false); change(next).then(() => setUnit(name)); }} />`
        : unit ? html`<${UnitForm} key=${unit} unit=${unit} draft=${draft} code=${code} problems=${state.problems} close=${() => setUnit("")}
            set=${(changes, typed, stated) => change((before) => ({ ...before, changes: { ...before.changes, ...told(before.changes, changes) } }), typed, stated)} put=${(next) => change(next)} replace=${(next) => { setUnit(""); change(next); }} />`
        : html`<p class="hint">${t("choose")}</p>`}
      <section class="card" aria-labelledby="h-changes"><h2 id="h-changes">${t("changes")}</h2><${Changes} changes=${state.changes} drop=${drop} problems=${state.problems} />
        ${state.problems.length ? html`<div role="alert"><h3>${t("problems")}</h3><ul class="problems">${state.problems.map((one) => html`<li><code>${one.path}</code> ${one.message}</li>`)}</ul></div>` : null}</section>
      ${state.svg ? html`<section class="card" aria-label=${t("shared")}><${Later} draft=${draft} code=${code} replace=${(next) => change(next)} /></section>` : null}
      ${state.svg ? html`<${Save} state=${state} draft=${draft} saved=${refresh} />` : null}
    </aside></div>`;
}
