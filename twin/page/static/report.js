// Writes a report of results: two pages or the whole, as a page and as PDF, in the language of the page.
import { ask, Fault, hooks, html, language, t } from "./core.js";

export function Report({ files, stem, money = {} }) {
  const [name, setName] = hooks.useState(stem);
  const [made, setMade] = hooks.useState(null);
  const [busy, setBusy] = hooks.useState(false);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => { setName(stem); setMade(null); }, [stem]);
  const act = async (brief) => {
    setBusy(true);
    setError(null);
    try { setMade(await ask("report", { files, name, brief, pdf: brief, language, money })); } catch (found) { setError(found); }
    setBusy(false);
  };
  return html`<section class="card" aria-labelledby="h-report"><h2 id="h-report">${t("report")}</h2>
    <label>${t("report_name")}<input value=${name} onInput=${(e) => setName(e.target.value)} /></label>
    <div class="row"><button class="main" disabled=${busy} onClick=${() => act(true)}>${t("report_brief")}</button><button disabled=${busy} onClick=${() => act(false)}>${t("report_whole")}</button><span class="muted">${busy ? t("loading") : t("report_language")}</span></div>
    ${made ? html`<p role="status">${[made.page, made.pdf].filter(Boolean).map((file) => html`<a href=${`/reports/${file}`} target="_blank" rel="noopener">${file}</a> `)}</p>` : null}<${Fault} error=${error} /></section>`;
}
