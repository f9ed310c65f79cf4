// What runs of a study say while they are made: lines over what was varied and what came out, a front of two aims, and what matters for a figure.
import { hooks, html, local, t } from "./core.js";

const short = (path) => path.split(".").slice(-2).join(".");
const finite = (value) => Number.isFinite(value);

/** One line a run over axes that are what was varied and what came out; drawn as they come. */
export function Parallel({ rows }) {
  const keys = [];
  for (const row of rows) for (const key of [...Object.keys(row.changes).map((path) => `c:${path}`), ...Object.keys(row.figures).map((name) => `f:${name}`)]) if (!keys.includes(key)) keys.push(key);
  const value = (row, key) => (key[0] === "c" ? row.changes[key.slice(2)] : row.figures[key.slice(2)]) ?? NaN;
  const axes = keys.map((key) => { const own = rows.filter((row) => finite(value(row, key))).sort((a, b) => value(a, key) - value(b, key)); const end = (row) => row && { at: value(row, key), text: local(row.texts[key.slice(2)]) }; return { key, least: end(own[0]), most: end(own.at(-1)), some: own.length > 0 }; }).filter((axis) => axis.some);
  if (axes.length < 2) return html`<p class="muted">${t("study_few")}</p>`;
  const wide = Math.max(480, 150 * axes.length), high = 300, left = 70, step = (wide - 2 * left) / (axes.length - 1);
  const y = (axis, v) => 40 + (high - 80) * (axis.most.at === axis.least.at ? 0.5 : 1 - (v - axis.least.at) / (axis.most.at - axis.least.at));
  const line = (row) => axes.map((axis, k) => { const v = value(row, axis.key); return finite(v) ? `${left + k * step},${y(axis, v).toFixed(1)}` : null; }).filter(Boolean).join(" ");
  return html`<div class="figure scroll" tabindex="0" role="group" aria-label=${t("study_lines")}><svg class="figure parallel" viewBox=${`0 0 ${wide} ${high}`} width=${wide} height=${high} role="img" aria-label=${t("study_lines")}>
    ${rows.map((row, k) => html`<polyline points=${line(row)} class=${k === rows.length - 1 ? "last" : null} />`)}
    ${axes.map((axis, k) => html`<g><line x1=${left + k * step} x2=${left + k * step} y1="40" y2=${high - 40} />
      <text x=${left + k * step} y="14" text-anchor="middle">${short(axis.key.slice(2))}</text><text x=${left + k * step} y="32" text-anchor="middle" class="end">${axis.most.text}</text><text x=${left + k * step} y=${high - 22} text-anchor="middle" class="end">${axis.least.text}</text></g>`)}
  </svg></div>`;
}

/** Runs of one setting as their mean, with the text of the mean: the last run's, which knows those before it; of several without one no text of a run stands for them. */
export function settings(rows) {
  const found = new Map();
  for (const row of rows) { const key = JSON.stringify(row.changes); found.set(key, [...(found.get(key) ?? []), row]); }
  return [...found.values()].map((own) => ({
    changes: own[0].changes, texts: own.length === 1 ? own[0].texts : { ...own[0].texts, ...Object.fromEntries(Object.keys(own[0].figures).map((name) => [name, own.at(-1).means?.[name]])) },
    figures: Object.fromEntries(Object.keys(own[0].figures).map((name) => [name, own.reduce((sum, row) => sum + (row.figures[name] ?? NaN), 0) / own.length])),
  }));
}

/** Settings none of which another is better than in both aims; `turns` is 1 where a figure is to be large, -1 where small. */
export function front(all, [one, other], turns) {
  const at = (row) => [turns[one] * row.figures[one], turns[other] * row.figures[other]];
  return all.filter((row) => { const [a, b] = at(row); return finite(a) && finite(b) && !all.some((rival) => { const [c, d] = at(rival); return c >= a && d >= b && (c > a || d > b); }); });
}

export function Front({ rows, turns }) {
  const names = Object.keys(turns);
  const all = settings(rows).filter((row) => names.every((name) => finite(row.figures[name])));
  if (names.length !== 2 || all.length < 2) return null;
  const best = front(all, names, turns);
  const [wide, high, left, low] = [480, 300, 90, 46];
  const ends = names.map((name) => { const own = all.map((row) => row.figures[name]); return [Math.min(...own), Math.max(...own)]; });
  const place = (row) => names.map((name, k) => { const [a, b] = ends[k]; const share = a === b ? 0.5 : (row.figures[name] - a) / (b - a); return k ? 14 + (high - 14 - low) * (1 - share) : left + (wide - left - 24) * share; });
  const text = (name, k) => local((all.find((row) => row.figures[name] === ends[names.indexOf(name)][k])?.texts[name]) ?? ends[names.indexOf(name)][k].toPrecision(4));
  const way = [...best].sort((a, b) => a.figures[names[0]] - b.figures[names[0]]).map((row) => place(row).map((v) => v.toFixed(1)).join(",")).join(" ");
  return html`<h3>${t("study_front")}</h3><p class="note">${t("study_front_hint", { n: best.length, of: all.length })}</p><div class="figure scroll" tabindex="0" role="group" aria-label=${t("study_front")}><svg class="figure parallel front" viewBox=${`0 0 ${wide} ${high}`} width=${wide} height=${high} role="img" aria-label=${t("study_front")}>
    <line x1=${left} x2=${wide - 20} y1=${high - low} y2=${high - low} /><line x1=${left} x2=${left} y1="10" y2=${high - low} /><polyline class="last" points=${way} />
    ${all.map((row) => { const [x, y] = place(row); return html`<circle cx=${x} cy=${y} r=${best.includes(row) ? 5 : 3} class=${best.includes(row) ? "best" : null}><title>${Object.entries(row.changes).map(([path]) => `${short(path)} ${local(row.texts[path] ?? "")}`).join(", ")}</title></circle>`; })}
    <text x=${left} y=${high - 28} class="end">${text(names[0], 0)}</text><text x=${wide - 20} y=${high - 28} text-anchor="end" class="end">${text(names[0], 1)}</text><text x=${(left + wide) / 2} y=${high - 8} text-anchor="middle">${names[0]} ${turns[names[0]] > 0 ? "→" : "←"}</text>
    <text x=${left - 6} y=${high - low} text-anchor="end" class="end">${text(names[1], 0)}</text><text x=${left - 6} y="20" text-anchor="end" class="end">${text(names[1], 1)}</text><text x="12" y=${high / 2 - 20} transform=${`rotate(-90 12 ${high / 2 - 20})`} text-anchor="middle">${names[1]} ${turns[names[1]] > 0 ? "→" : "←"}</text>
  </svg></div>`;
}

const ranks = (values) => { const order = values.map((_, k) => k).sort((a, b) => values[a] - values[b]); const found = []; for (let k = 0; k < order.length;) { let end = k; while (end + 1 < order.length && values[order[end + 1]] === values[order[k]]) end += 1; for (let j = k; j <= end; j += 1) found[order[j]] = (k + end) / 2; k = end + 1; } return found; };

/** Spearman's rank correlation, from -1 to 1; NaN where one of both never changes. */
export function rankCorrelation(a, b) {
  const [x, y] = [ranks(a), ranks(b)], mean = (a.length - 1) / 2;
  const sum = (u, v) => u.reduce((all, one, k) => all + (one - mean) * (v[k] - mean), 0);
  return sum(x, y) / Math.sqrt(sum(x, x) * sum(y, y));
}

const LEAST = 6;
export function Importances({ rows }) {
  const names = Object.keys(rows.at(-1)?.figures ?? {});
  const [chosen, setChosen] = hooks.useState("");
  const name = names.includes(chosen) ? chosen : names[0];
  const all = settings(rows).filter((row) => finite(row.figures[name]));
  const paths = [...new Set(all.flatMap((row) => Object.keys(row.changes)))];
  if (all.length < LEAST || !paths.length) return null;
  const found = paths.map((path) => { const own = all.filter((row) => finite(row.changes[path])); return [path, rankCorrelation(own.map((row) => row.changes[path]), own.map((row) => row.figures[name]))]; }).filter(([, share]) => finite(share)).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  return html`<h3>${t("study_matters")}</h3><label class="inline">${t("study_matters_for")}<select value=${name} onChange=${(e) => setChosen(e.target.value)}>${names.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>
    <p class="note">${t("study_matters_hint", { n: all.length })}</p><div class="scroll" tabindex="0" role="group" aria-label=${t("study_matters")}><table><tbody>${found.map(([path, share]) => html`<tr><th scope="row">${path}</th><td>${local(share.toFixed(2))}</td><td class="left"><svg class="figure parallel" width="160" height="12" viewBox="0 0 160 12" aria-hidden="true"><line x1="80" x2="80" y1="0" y2="12" /><rect x=${share < 0 ? 80 + 80 * share : 80} y="2" width=${Math.abs(80 * share)} height="8" /></svg></td></tr>`)}</tbody></table></div>`;
}
