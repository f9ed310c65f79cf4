// Forms of what is more than one number: distributions, calendars, tables, phases, and other mappings and lists.
import { ask, Fault, hooks, html, local, t } from "./core.js";

/** A number with what is stated of it; typed anew it keeps basis and source, and the range of the old value goes. */
const states = (value) => isMap(value) && "value" in value && Object.keys(value).every((key) => ["value", "basis", "source", "low", "high", "note"].includes(key));
const bare = (value) => (states(value) ? value.value : value);
const kept = (before, text) => (states(before) && Object.keys(before).length > 1 && text !== "" ? { ...without(without(before, "low"), "high"), value: text } : text);
const plain = (value) => (value === null || value === undefined ? "" : states(value) ? plain(value.value) : typeof value === "string" ? local(value) : local(String(value)));
const words = (key) => String(key).replaceAll("_", " ");
const isMap = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const at_key = (path, key) => `${path}.${/[."]/.test(key) ? `"${key}"` : key}`;
const offered = (path) => `n-${path.split(".").slice(0, 3).join("-")}`;
const without = (map, key) => Object.fromEntries(Object.entries(map).filter(([own]) => own !== key));

function Leaf({ spec, value, put, path, label, wrong }) {
  const found = wrong(path);
  const said = found ? html`<strong class="wrong" role="alert">${found}</strong>` : null;
  if (spec.form === "flag") return html`<label class="check"><input type="checkbox" checked=${value === true} onChange=${(e) => put(e.target.checked)} />${label}</label>${said}`;
  if (spec.form === "choice") return html`<label>${label}<select value=${plain(value)} onChange=${(e) => put(e.target.value || null)}><option value="">–</option>${spec.choices.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>${said}`;
  const list = Array.isArray(value) && spec.form === "text";
  return html`<label>${label}<input value=${list ? value.join(", ") : plain(value)} placeholder=${spec.example ? local(spec.example) : ""} aria-invalid=${found ? "true" : null} list=${spec.form === "text" || spec.form === "value" ? offered(path) : null} autocomplete="off" spellcheck="false"
    onInput=${(e) => put(list ? e.target.value.split(",").map((one) => one.trim()) : kept(value, e.target.value))} /></label>${said}`;
}

/** A constant, or a form with its parameters; of a table its values with commas between. */
function Distribution({ spec, value, put, path, label, wrong }) {
  const form = isMap(value) && !states(value) ? Object.keys(value)[0] : "";
  const own = spec.forms.find((one) => one.name === form);
  const inside = own && isMap(value[form]) ? value[form] : own && Array.isArray(value[form]) ? Object.fromEntries(own.parameters.map((name, k) => [name, value[form][k]])) : {};
  const turn = (next) => put(next ? { [next]: Object.fromEntries(Object.entries(inside).filter(([key]) => spec.forms.find((one) => one.name === next).parameters.includes(key))) } : "");
  const set = (key, text) => put({ [form]: text === "" ? without(inside, key) : { ...inside, [key]: kept(inside[key], text) } });
  const rows = (text) => text.split(/[;\n]/).map((one) => one.trim()).filter(Boolean);
  const whole = wrong(path) ?? wrong(`${path}.${form}`);
  return html`<div class="shape"><label>${label}<select value=${form} onChange=${(e) => turn(e.target.value)}><option value="">${t("shape_constant")}</option>${spec.forms.map((one) => html`<option value=${one.name}>${words(one.name)}</option>`)}</select></label>
    ${own ? own.parameters.map((key) => { const cell = inside[key]; const many = own.table; const found = wrong(`${path}.${form}.${key}`); return html`<label>${words(key)}<input value=${many ? (Array.isArray(cell) ? cell.map(plain).join("; ") : "") : plain(cell)} placeholder=${many ? t("shape_many", { example: spec.example }) : key === "shape" ? "2" : local(spec.example)} aria-invalid=${found ? "true" : null}
      onChange=${(e) => set(key, many ? rows(e.target.value) : e.target.value)} /></label>${found ? html`<strong class="wrong" role="alert">${found}</strong>` : null}`; }) : html`<label>${t("shape_value")}<input value=${plain(isMap(bare(value)) ? "" : value)} placeholder=${local(spec.example)} aria-invalid=${whole ? "true" : null} onInput=${(e) => put(kept(value, e.target.value))} /></label>`}
    ${whole ? html`<strong class="wrong" role="alert">${whole}</strong>` : null}</div>`;
}

function Calendar({ spec, value, put, path, wrong }) {
  const own = isMap(value) ? value : {};
  const set = (key, text) => { const rows = text.split(/[,;]/).map((one) => one.trim()).filter(Boolean); put(rows.length ? { ...own, [key]: rows } : without(own, key)); };
  const closed = Array.isArray(own.closed) ? own.closed : [];
  const found = [wrong(path), ...spec.keys.map((key) => wrong(`${path}.${key}`))].filter(Boolean);
  return html`<div class="shape">${spec.keys.filter((key) => key !== "closed").map((key) => html`<label>${t(`day_${key}`)}<input value=${Array.isArray(own[key]) ? own[key].join(", ") : plain(own[key])} placeholder=${key === "holidays" ? "2026-12-24, 2026-12-25" : key === "weekdays" ? "06:00-22:00, 23:00-05:00" : "–"} onChange=${(e) => set(key, e.target.value)} /></label>`)}
    ${closed.map((row, k) => html`<div class="row"><label>${t("shape_from")}<input value=${row.from} onChange=${(e) => put({ ...own, closed: closed.map((one, j) => (j === k ? { ...one, from: e.target.value } : one)) })} /></label><label>${t("shape_to")}<input value=${row.to} onChange=${(e) => put({ ...own, closed: closed.map((one, j) => (j === k ? { ...one, to: e.target.value } : one)) })} /></label><button class="plain" onClick=${() => put({ ...own, closed: closed.filter((_, j) => j !== k) })}>${t("drop")}</button></div>`)}
    <button class="plain" onClick=${() => put({ ...own, closed: [...closed, { from: "2026-08-01", to: "2026-08-15" }] })}>${t("shape_closed")}</button>
    ${found.map((text) => html`<strong class="wrong" role="alert">${text}</strong>`)}</div>`;
}

/** Shares of materials by port; a share by size, or a file of measurements, stays as it is written. */
function Partition({ spec, value, put, path, wrong }) {
  const own = isMap(value) ? value : {};
  if (typeof own.csv === "string") return html`<label>${t("shape_file")}<input value=${own.csv} onChange=${(e) => put({ csv: e.target.value })} /></label>`;
  const ports = Object.keys(own);
  const rows = [...new Set(ports.flatMap((port) => (isMap(own[port]) ? Object.keys(own[port]) : ["default"])))];
  const [material, setMaterial] = hooks.useState("");
  const [port, setPort] = hooks.useState("");
  const cell = (of, key) => (isMap(own[of]) ? own[of][key] : key === "default" ? own[of] : undefined);
  const set = (of, key, text) => { const before = isMap(own[of]) ? own[of] : { default: own[of] }; put({ ...own, [of]: text === "" ? without(before, key) : { ...before, [key]: kept(before[key], text) } }); };
  const found = [path, ...ports.flatMap((of) => [at_key(path, of), ...rows.map((key) => at_key(at_key(path, of), key))])].map(wrong).filter(Boolean);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t("shape_table")}><table class="cells"><thead><tr><th scope="col">${t("shape_material")}</th>${ports.map((of) => html`<th scope="col">${words(of)}</th>`)}</tr></thead>
    <tbody>${rows.map((key) => html`<tr><th scope="row">${words(key)}</th>${ports.map((of) => { const one = cell(of, key); return html`<td>${isMap(bare(one)) || Array.isArray(one) ? html`<span class="muted">${t("shape_by_size")}</span>` : html`<input value=${plain(one)} aria-label=${`${words(key)}, ${words(of)}`} aria-invalid=${wrong(at_key(at_key(path, of), key)) ? "true" : null} placeholder="–" onChange=${(e) => set(of, key, e.target.value)} />`}</td>`; })}</tr>`)}</tbody></table></div>
    <div class="row"><label class="inline">${t("shape_material")}<select value=${material} onChange=${(e) => setMaterial(e.target.value)}><option value=""></option>${(spec.materials ?? []).filter((one) => !rows.includes(one)).map((one) => html`<option value=${one}>${words(one)}</option>`)}</select></label><button disabled=${!material || !ports.length} onClick=${() => { set(ports[0], material, "0 %"); setMaterial(""); }}>${t("shape_add")}</button>
    <label class="inline">${t("shape_port")}<input value=${port} onInput=${(e) => setPort(e.target.value)} /></label><button disabled=${!port} onClick=${() => { put({ ...own, [port]: { default: "0 %" } }); setPort(""); }}>${t("shape_add")}</button></div>
    ${found.map((text) => html`<strong class="wrong" role="alert">${text}</strong>`)}`;
}

function Group({ spec, value, put, path, wrong, at }) {
  const own = isMap(value) ? value : {};
  const given = spec.fields.filter((field) => own[field.key] !== undefined || field.required);
  const rest = spec.fields.filter((field) => !given.includes(field));
  const set = (key) => (next) => put(next === null || next === "" ? without(own, key) : { ...own, [key]: next });
  const start = (key) => { const field = spec.fields.find((one) => one.key === key); if (field) put({ ...own, [key]: begin(field.spec) }); };
  if (value !== undefined && value !== null && value !== "" && (!isMap(value) || (states(value) && !spec.fields.some((field) => field.key === "value")))) return html`<${Leaf} spec=${{ form: "text" }} value=${value} put=${put} path=${path} label=${t("shape_value")} wrong=${wrong} />`;
  return html`<div class="shape">${given.map((field) => html`<div key=${field.key}><${Any} spec=${field.spec} value=${own[field.key]} put=${set(field.key)} path=${`${path}.${field.key}`} label=${words(field.key)} wrong=${wrong} at=${at + 1} /><p class="about">${field.about}</p>${field.required || own[field.key] === undefined ? null : html`<button class="plain" aria-label=${`${t("shape_drop")}: ${words(field.key)}`} onClick=${() => set(field.key)(null)}>${t("shape_drop")}</button>`}</div>`)}
    ${rest.length ? html`<label class="inline">${t("shape_more")}<select value="" onChange=${(e) => start(e.target.value)}><option value=""></option>${rest.map((field) => html`<option value=${field.key}>${words(field.key)}</option>`)}</select></label>` : null}${wrong(path) ? html`<strong class="wrong" role="alert">${wrong(path)}</strong>` : null}</div>`;
}

/** What a form begins with: what it cannot do without, else the first that there is; of several ways one value, if it may be one. */
const empty = { group: {}, map: {}, list: [], calendar: {}, partition: {}, tests: {}, flag: true, count: "1" };
const begin = (spec) => spec.form === "ways" ? begun(spec.ways.find((way) => ["quantity", "text"].includes(way.form)) ?? spec.ways.find((way) => way.form === "group" && way.fields[0].key !== "csv") ?? spec.ways[0])
  : empty[spec.form] ?? spec.choices?.[0] ?? spec.example?.split(" / ")[0] ?? "";
const begun = (spec) => {
  if (spec.form === "list") return [begin(spec.item)];
  if (spec.form !== "group") return begin(spec);
  const needed = spec.fields.filter((field) => field.required);
  return Object.fromEntries((needed.length ? needed : spec.fields.slice(0, 1)).map((field) => [field.key, field.spec.form === "group" ? begun(field.spec) : begin(field.spec)]));
};

/** Whether a value is written in a way; as the server judges it. */
function fits(spec, given) {
  const value = spec.form === "group" ? given : bare(given);
  const keys = isMap(value) ? Object.keys(value) : [];
  if (spec.form === "group") return isMap(value) && keys.every((key) => spec.fields.some((field) => field.key === key));
  if (spec.form === "map") return isMap(value) && (!spec.by || keys.every((key) => /^\d/.test(key)));
  if (["partition", "tests", "calendar"].includes(spec.form)) return isMap(value);
  if (spec.form === "list") return Array.isArray(value);
  if (spec.form === "flag") return typeof value === "boolean";
  if (spec.form === "choice") return spec.choices.includes(value);
  return typeof value === "string" || typeof value === "number";
}
const called = (way) => way.form === "group" ? (way.fields.some((field) => field.required) ? way.fields.filter((field) => field.required) : way.fields).map((field) => words(field.key)).join(", ")
  : way.form === "map" && way.by ? t("way_sizes") : t(`way_${way.form}`);

/** What may be written in several ways: one is chosen, and has its form. */
function Ways({ spec, value, put, path, label, wrong, at }) {
  const [picked, setPicked] = hooks.useState(-1);
  const none = value === undefined || value === null;
  const own = none ? picked : picked >= 0 && fits(spec.ways[picked], value) ? picked : spec.ways.findIndex((way) => fits(way, value));
  const choose = (k) => { setPicked(k); if (k >= 0) put(begun(spec.ways[k])); };
  const way = spec.ways[own];
  return html`<fieldset><legend>${label}</legend><label>${t("way")}<select value=${String(own)} onChange=${(e) => choose(Number(e.target.value))}>${own < 0 ? html`<option value="-1">–</option>` : null}${spec.ways.map((one, k) => html`<option value=${String(k)}>${called(one)}</option>`)}</select></label>
    ${way ? html`<${Any} key=${own} spec=${way} value=${value} put=${put} path=${path} label=${["list", "map", "group"].includes(way.form) ? called(way) : t("shape_value")} wrong=${wrong} at=${at} />` : null}
    ${wrong(path) && (!way || ["partition"].includes(way.form)) ? html`<strong class="wrong" role="alert">${wrong(path)}</strong>` : null}</fieldset>`;
}

/** A list: each entry can be moved, taken out, or put in. */
function List({ spec, value, put, path, label, wrong, at }) {
  const own = Array.isArray(value) ? value : value === undefined || value === null || value === "" ? [] : [value];
  const name = (one, k) => `${k + 1}. ${isMap(one) ? words(one.name ?? (isMap(Object.values(one)[0]) ? Object.keys(one)[0] : plain(Object.values(one)[0]))) : plain(one)}`;
  const move = (k, by) => { const next = [...own]; [next[k], next[k + by]] = [next[k + by], next[k]]; put(next); };
  return html`<fieldset><legend>${label}</legend>${own.map((one, k) => html`<details key=${k} open=${own.length < 2 || errorBelow(wrong, `${path}.${k}`)}><summary>${name(one, k)}</summary>
      <${Any} spec=${spec.item} value=${one} put=${(next) => put(own.map((other, j) => (j === k ? next : other)))} path=${`${path}.${k}`} label=${name(one, k)} wrong=${wrong} at=${at + 1} />
      <div class="row"><button class="plain" disabled=${k === 0} aria-label=${`${t("shape_up")}: ${name(one, k)}`} onClick=${() => move(k, -1)}>${t("shape_up")}</button><button class="plain" disabled=${k === own.length - 1} aria-label=${`${t("shape_down")}: ${name(one, k)}`} onClick=${() => move(k, 1)}>${t("shape_down")}</button><button class="plain" aria-label=${`${t("shape_drop")}: ${name(one, k)}`} onClick=${() => put(own.filter((_, j) => j !== k))}>${t("shape_drop")}</button></div></details>`)}
    <button class="plain" onClick=${() => put([...own, begun(spec.item)])}>${t("shape_put")}</button>${wrong(path) ? html`<strong class="wrong" role="alert">${wrong(path)}</strong>` : null}</fieldset>`;
}
const errorBelow = (wrong, path) => wrong.below?.(path) ?? false;

function Named({ spec, value, put, path, label, wrong, at }) {
  const own = isMap(value) ? value : {};
  const [name, setName] = hooks.useState("");
  const item = spec.form === "tests" ? { form: "text", example: "< 1 %" } : spec.item;
  return html`<fieldset><legend>${label}</legend>${Object.entries(own).map(([key, one]) => html`<div key=${key}><${Any} spec=${item} value=${one} put=${(next) => put(next === null ? without(own, key) : { ...own, [key]: next })} path=${at_key(path, key)} label=${key} wrong=${wrong} at=${at + 1} /><button class="plain" aria-label=${`${t("shape_drop")}: ${key}`} onClick=${() => put(without(own, key))}>${t("shape_drop")}</button></div>`)}
    <div class="row"><label class="inline">${t("add_name")}<input value=${name} list=${offered(path)} placeholder=${local(spec.by?.example ?? spec.names?.[1] ?? "")} autocomplete="off" onInput=${(e) => setName(e.target.value)} /></label><button disabled=${!name || own[name] !== undefined} onClick=${() => { put({ ...own, [name]: begun(item) }); setName(""); }}>${t("shape_add")}</button></div>${wrong(path) ? html`<strong class="wrong" role="alert">${wrong(path)}</strong>` : null}</fieldset>`;
}

function Any(props) {
  const { spec, label, value, path, wrong } = props;
  if (spec.form === "ways") return html`<${Ways} ...${props} />`;
  if (spec.form === "distribution") return html`<${Distribution} ...${props} />`;
  if (spec.form === "calendar") return html`<${Calendar} ...${props} />`;
  if (spec.form === "partition") return html`<${Partition} ...${props} />`;
  if (spec.form === "list") return html`<${List} ...${props} />`;
  if (spec.form === "map" || spec.form === "tests") return html`<${Named} ...${props} />`;
  if (spec.form === "group") return props.at ? html`<fieldset><legend>${label}</legend><${Group} ...${props} /></fieldset>` : html`<${Group} ...${props} />`;
  return isMap(bare(value)) ? html`<p class="muted">${label}: ${t("shape_yaml")}${wrong(path) ? html` <strong class="wrong">${wrong(path)}</strong>` : null}</p>` : html`<${Leaf} ...${props} />`;
}

/** A field with its form; nothing is changed before it is taken over. */
export function Block({ block, draft, replace, code }) {
  const [value, setValue] = hooks.useState(block.value);
  const [problems, setProblems] = hooks.useState([]);
  const [error, setError] = hooks.useState(null);
  const [busy, setBusy] = hooks.useState(false);
  const said = JSON.stringify(block.value);
  hooks.useEffect(() => { setValue(block.value); setProblems([]); setError(null); }, [said, code]);
  const own = problems.filter((one) => one.path === block.path || one.path.startsWith(`${block.path}.`));
  const wrong = (path) => own.find((one) => one.path === path)?.message;
  wrong.below = (path) => own.some((one) => one.path === path || one.path.startsWith(`${path}.`));
  const send = async (next) => {
    setBusy(true);
    try { replace((await ask("shape", { draft, path: block.path, value: next })).draft); setProblems([]); setError(null); } catch (fault) { setProblems(fault.problems ?? []); setError(fault); }
    setBusy(false);
  };
  const changed = JSON.stringify(value) !== said;
  return html`<details class="block" open=${changed || null}><summary>${words(block.key)}${block.value === null ? html` <span class="muted">${t("shape_none")}</span>` : null}</summary><p class="about">${block.about}</p>
    <datalist id=${offered(block.path)}>${(block.names ?? []).map((name) => html`<option value=${name}></option>`)}</datalist>
    <${Any} spec=${block.spec} value=${value ?? undefined} put=${setValue} path=${block.path} label=${words(block.key)} wrong=${wrong} at=${0} />
    <div class="row"><button class="main" disabled=${busy || !changed} onClick=${() => send(value)}>${t("shape_take")}</button><button disabled=${busy || !changed} onClick=${() => { setValue(block.value); setProblems([]); setError(null); }}>${t("shape_back")}</button>
    ${block.value !== null && block.key !== "kind" && block.path.startsWith("units.") ? html`<button class="plain" disabled=${busy} onClick=${() => send(null)}>${t("shape_drop")}</button>` : null}</div><${Fault} error=${error} /></details>`;
}

/** What the units of a plant share: calendars, resources, and the time of the run. */
export function Calendars({ draft, replace, code }) {
  const [blocks, setBlocks] = hooks.useState([]);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => { let here = true; ask("calendars", { draft }).then((found) => here && (setBlocks(found.blocks), setError(null)), () => {}); return () => { here = false; }; }, [draft, code]);
  const add = (path, value, done) => ask("shape", { draft, path, value }).then((found) => { done(); setError(null); replace(found.draft); }, setError);
  const part = (section, first) => html`<h3>${t(section)}</h3>${blocks.filter((block) => block.path === section || block.path.startsWith(`${section}.`)).map((block) => html`<${Block} key=${block.path} block=${block} draft=${draft} replace=${replace} code=${code} />`)}${first ? html`<${Added} section=${section} add=${(name, done) => add(`${section}.${name}`, first, done)} />` : null}`;
  return html`${part("calendars", { weekdays: ["06:00-22:00"] })}${part("resources", { count: 1 })}${part("time", null)}<${Fault} error=${error} />`;
}

function Added({ section, add }) {
  const [name, setName] = hooks.useState("");
  return html`<div class="row"><label class="inline">${t("add_name")}<input value=${name} aria-label=${`${t(section)}: ${t("add_name")}`} onInput=${(e) => setName(e.target.value)} /></label><button disabled=${!name} onClick=${() => add(name, () => setName(""))}>${t("shape_add")}</button></div>`;
}
