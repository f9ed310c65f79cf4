// What all screens share: preact and htm, questions to the server, the words of a language, tables.
import { h, render, Fragment } from "./vendor/preact.mjs";
import * as hooks from "./vendor/hooks.mjs";
import htm from "./vendor/htm.mjs";

export const html = htm.bind(h);
export { render, Fragment, hooks };

/** The answer to a question; throws an error with `problems` where the server refuses. */
export async function ask(what, given = {}) {
  let answer;
  try {
    answer = what === "folder" ? await fetch("/api/folder") : await fetch(`/api/${what}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ language, ...given }) });
  } catch {
    throw new Error(t("lost"));
  }
  const said = await answer.json().catch(() => ({ error: `${answer.status}` }));
  if (!answer.ok || said.error) throw Object.assign(new Error(said.error || `${answer.status}`), { problems: said.problems || [] });
  return said;
}

let words = {};
export let language = "en";
export function speak(code, found) {
  language = code;
  words = found;
  document.documentElement.lang = code;
}

/** The words of a key, with what stands in its places; numbers with the language's decimal mark. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)(:a)?\}/g, (_, name, amount) => (amount ? local(String(values[name])) : String(values[name])));
}

export const local = (text) => (language === "de" ? text.replace(/(?<![\w.])(\d+)\.(\d+)(?![\w]*\.)/g, "$1,$2") : text);

export function duration(seconds) {
  const s = Math.max(1, Math.round(seconds));
  return s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : local(`${(s / 3600).toFixed(1)} h`);
}

export function Table({ table, title }) {
  const left = (k) => (k < table.text ? "left" : null);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${title}><table>
    <thead><tr>${table.columns.map((name, k) => html`<th scope="col" class=${left(k)}>${name}</th>`)}</tr></thead>
    <tbody>${table.rows.map((row) => html`<tr>${row.map((cell, k) => (k ? html`<td class=${`${left(k) ?? ""} ${(table.wide || []).includes(k) ? "wide" : ""}`}>${cell}</td>` : html`<th scope="row">${cell}</th>`))}</tr>`)}</tbody>
  </table></div>`;
}

export function Figure({ svg, label, fits }) {
  return html`<div class=${`figure scroll ${fits ? "fits" : ""}`} tabindex="0" role="group" aria-label=${label} dangerouslySetInnerHTML=${{ __html: svg }}></div>`;
}

/** What a run says that went wrong, in the language of the page. */
export function Said({ text }) {
  const [said, setSaid] = hooks.useState(text);
  hooks.useEffect(() => { setSaid(text); if (language !== "en") ask("said", { text }).then((found) => setSaid(found.text), () => {}); }, [text, language]);
  return html`<p class="wrong">${said}</p>`;
}

export function Fault({ error }) {
  return error ? html`<p class="fault" role="alert">${error.message}</p>` : null;
}
