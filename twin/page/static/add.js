// A new unit behind a stream: its kind, what it cannot do without, and who takes what leaves it.
import { ask, Fault, hooks, html, language, t } from "./core.js";

export function AddForm({ draft, units, put, close }) {
  const [kinds, setKinds] = hooks.useState([]);
  const [kind, setKind] = hooks.useState("");
  const [about, setAbout] = hooks.useState(null);
  const streams = units.flatMap((unit) => unit.streams);
  const [after, setAfter] = hooks.useState(streams[0]?.name ?? "");
  const [name, setName] = hooks.useState("");
  const [values, setValues] = hooks.useState({});
  const [to, setTo] = hooks.useState({});
  const [error, setError] = hooks.useState(null);
  const head = hooks.useRef(null);
  hooks.useEffect(() => { ask("kind", { language }).then((found) => setKinds(found.kinds), setError); head.current?.focus(); }, []);
  hooks.useEffect(() => {
    if (!kind) return;
    ask("kind", { kind, language }).then((found) => {
      setAbout(found);
      setName(free(kind));
      setValues(Object.fromEntries(found.fields.map((field) => [field.key, field.example])));
    }, setError);
  }, [kind]);
  const free = (stem) => { let k = 1, found = stem; while (units.some((unit) => unit.name === found)) found = `${stem}_${++k}`; return found; };
  const before = streams.find((stream) => stream.name === after)?.to || units.find((unit) => unit.role !== "feed")?.name;
  const takers = units.filter((unit) => !["feed", "utility"].includes(unit.role));
  const leads = (port) => to[port] ?? before;
  const act = () => {
    const ways = Object.fromEntries((about?.ports ?? []).map((port) => [port, leads(port)]));
    ask("add", { draft, kind, name, after, values, to: ways }).then((found) => put(found.draft, name), setError);
  };
  return html`<section class="card" aria-labelledby="h-add"><div class="head"><h2 id="h-add" tabindex="-1" ref=${head}>${t("add")}</h2><button class="plain" onClick=${close}>${t("close")}</button></div>
    <label>${t("add_kind")}<select value=${kind} onChange=${(e) => setKind(e.target.value)}><option value=""></option>${kinds.map((one) => html`<option value=${one.name}>${one.name.replaceAll("_", " ")}</option>`)}</select></label>
    ${about ? html`<p class="about">${about.summary}</p>
    <label>${t("add_name")}<input value=${name} onInput=${(e) => setName(e.target.value)} /></label>
    <label>${t("add_after")}<select value=${after} onChange=${(e) => setAfter(e.target.value)}>${streams.map((one) => html`<option value=${one.name}>${one.name}</option>`)}</select></label>
    ${about.fields.map((field) => html`<label>${field.key.replaceAll("_", " ")}<input value=${values[field.key] ?? ""} onInput=${(e) => setValues({ ...values, [field.key]: e.target.value })} /><span class="about">${field.about}</span></label>`)}
    ${about.ports.length ? html`<h3>${t("what_leaves")}</h3>` : null}
    ${about.ports.map((port) => html`<label>${t("add_to", { port: port || name })}<select value=${leads(port)} onChange=${(e) => setTo({ ...to, [port]: e.target.value })}>${takers.map((one) => html`<option value=${one.name}>${one.name}</option>`)}</select></label>`)}
    <div class="row"><button class="main" onClick=${act}>${t("add_do")}</button></div>` : null}
    <${Fault} error=${error} /></section>`;
}
