// Base beside variants: verdict first, then money, what limits each, and every figure that differs.
import { ask, Fault, hooks, html, language, t, Table } from "./core.js";
import { groups } from "./groups.js";
import { Report } from "./report.js";

export default function Compare({ code, folder }) {
  const all = groups(folder.results);
  const extended = new Map(folder.scenarios.map((one) => [one.file.replace(/\.ya?ml$/, ""), one.extends]));
  const first = all.find((one) => !extended.get(one.scenario)) ?? all[0];
  const [base, setBase] = hooks.useState(first?.key ?? "");
  const [picked, setPicked] = hooks.useState(() => new Set(all.filter((one) => one !== first).slice(0, 1).map((one) => one.key)));
  hooks.useEffect(() => {  // results may come while this screen is open
    const kept = all.some((one) => one.key === base) ? base : first?.key ?? "";
    if (kept !== base) setBase(kept);
    if (!all.some((one) => one.key !== kept && picked.has(one.key))) setPicked(new Set(all.filter((one) => one.key !== kept).slice(0, 1).map((one) => one.key)));
  }, [all.map((one) => one.key).join()]);
  const [money, setMoney] = hooks.useState({ invest: "", life: "", interest: "" });
  const [found, setFound] = hooks.useState(null);
  const [files, setFiles] = hooks.useState([]);
  const [busy, setBusy] = hooks.useState(false);
  const [error, setError] = hooks.useState(null);
  const run = async (given) => {
    setBusy(true);
    setError(null);
    try { setFound(await ask("compare", { files: given, language, money })); setFiles(given); } catch (fault) { setError(fault); setFound(null); }
    setBusy(false);
  };
  hooks.useEffect(() => { if (files.length) run(files); }, [code]);
  const act = () => run([...all.filter((one) => one.key === base), ...all.filter((one) => picked.has(one.key) && one.key !== base)].flatMap((one) => one.files));
  const pick = (key) => setPicked((before) => { const next = new Set(before); if (!next.delete(key)) next.add(key); return next; });
  const label = (one) => `${one.scenario} (${one.files.length > 1 ? t("run_of", { n: one.files.length }) : t("one_run")}, ${one.key.slice(0, 6)})`;
  if (all.length < 2) return html`<h1>${t("compare")}</h1><p class="muted">${t("two_needed")}</p>`;
  return html`<h1>${t("compare")}</h1>
    <section class="card" aria-label=${t("compare")}><label>${t("base")}<select value=${base} onChange=${(e) => setBase(e.target.value)}>${all.map((one) => html`<option value=${one.key}>${label(one)}</option>`)}</select></label>
      <fieldset><legend>${t("variants")}</legend>${all.filter((one) => one.key !== base).map((one) => html`<label class="check"><input type="checkbox" checked=${picked.has(one.key)} onChange=${() => pick(one.key)} />${label(one)}</label>`)}</fieldset>
      <details><summary>${t("invest")}</summary><p class="note">${t("invest_hint")}</p><div class="row">${["invest_amount", "invest_life", "invest_interest"].map((key) => { const own = key === "invest_amount" ? "invest" : key.slice(7); return html`<label class="small wide">${t(key)}<input value=${money[own]} onInput=${(e) => setMoney({ ...money, [own]: e.target.value })} /></label>`; })}</div></details>
      <div class="row"><button class="main" onClick=${act} disabled=${busy || ![...picked].some((key) => key !== base)}>${busy ? t("loading") : t("do_compare")}</button></div></section>
    <${Fault} error=${error} />
    ${found ? html`<section aria-labelledby="c-verdict"><h2 id="c-verdict">${t("verdict")}</h2>${found.verdicts.map((said) => html`<p class="verdict">${said.join(" ")}</p>`)}</section>
      ${found.payoffs.length ? html`<section aria-labelledby="c-money"><h2 id="c-money">${t("money")}</h2>${found.payoffs.map((said) => html`<p class="verdict">${said}</p>`)}</section>` : null}
      <section aria-labelledby="c-changed"><h2 id="c-changed">${t("changed")}</h2><${Table} table=${found.changed} title=${t("changed")} /></section>
      <section aria-labelledby="c-limits"><h2 id="c-limits">${t("limits")}</h2><${Table} table=${found.limits} title=${t("limits")} /></section>
      ${found.sides.map((side) => html`<section aria-label=${`${t("differences")}: ${side.name}`}><h2>${t("differences")}: ${side.name}</h2><${Table} table=${side.table} title=${side.name} /><p class="note">${t("same", { n: side.same })}</p></section>`)}
      <section aria-labelledby="c-sure"><h2 id="c-sure">${t("sure")}</h2>${found.sure.map((said) => html`<p class="note">${said}</p>`)}</section>
      <${Report} files=${files} stem="comparison" money=${money} />` : null}`;
}
