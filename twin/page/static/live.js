// A twin at work: where its plant stands, how levels went and where they may go, alarms, and what a change would do.
import { ask, Fault, hooks, html, language, local, t } from "./core.js";
import { uplot } from "./levels.js";

const EVERY = 10000;
const place = () => (language === "de" ? "de-DE" : "en-GB");
const when = (seconds) => new Date(1000 * seconds).toLocaleString(place(), { dateStyle: "short", timeStyle: "short" });
const tonnes = (kg) => `${local((kg / 1000).toFixed(1))} t`;

/** A level in its bunker: the bar is the interval, the mark the mean. */
function Bar({ row }) {
  const at = (kg) => 100 * Math.min(1, Math.max(0, kg / row.capacity));
  const words = t("live_level", { name: row.name, mean: tonnes(row.mean), low: tonnes(row.low), high: tonnes(row.high), capacity: tonnes(row.capacity) });
  return html`<div><dt>${row.name} ${row.measured ? html`<span class="muted">${t("live_measured")}</span>` : null}</dt><dd>
    <svg class="span" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${words}><rect class="room" width="100" height="10" /><rect class="likely" x=${at(row.low)} width=${Math.max(0.8, at(row.high) - at(row.low))} height="10" /><rect class="mean" x=${Math.max(0, at(row.mean) - 0.5)} width="1" height="10" /></svg>
    <span>${tonnes(row.mean)} <span class="muted">(${tonnes(row.low)} – ${tonnes(row.high)}) / ${tonnes(row.capacity)}</span></span></dd></div>`;
}

/** The drawing, machines in the colour of what they most likely do. */
function Sheet({ svg, states }) {
  const box = hooks.useRef(null);
  hooks.useLayoutEffect(() => {
    for (const shape of box.current.querySelectorAll("[data-unit]")) {
      const own = states.find((one) => one.unit === shape.dataset.unit);
      if (own?.most) shape.setAttribute("data-state", own.most); else shape.removeAttribute("data-state");
    }
  });
  return html`<div class="figure scroll film" tabindex="0" role="group" aria-label=${t("flowsheet")} ref=${box} dangerouslySetInnerHTML=${{ __html: svg }}></div>`;
}

/** How a level went, and where it may go: nine of ten futures lie in the fan. */
function Fan({ past, fan, capacity, name }) {
  const box = hooks.useRef(null);
  hooks.useEffect(() => {
    let gone = false, chart = null, sized = null;
    uplot().then((UPlot) => {
      if (gone || !box.current) return;
      const style = getComputedStyle(box.current);
      const ink = style.color, faint = style.getPropertyValue("--line").trim(), accent = style.getPropertyValue("--accent").trim(), flag = style.getPropertyValue("--flag").trim();
      const last = past.at(-1), ahead = fan ? fan.leads.map((lead, k) => [fan.time + lead, ...fan.rows[k]]) : [];
      const start = fan && last ? [[last[0], last[1], last[1], last[1]]].filter(() => fan.time <= last[0] + 1) : [];
      const future = [...start.map(([time, mean, low, high]) => [time, low, mean, high]), ...ahead.filter((row) => !last || row[0] > last[0])];
      const times = [...past.map((row) => row[0]), ...future.map((row) => row[0] + (last && row[0] === last[0] ? 1 : 0))];
      const then = past.map(() => null), later = future.map(() => null);
      const t0 = (kg) => (kg === null ? null : kg / 1000);
      const data = [times, [...past.map((row) => t0(row[3])), ...later], [...past.map((row) => t0(row[2])), ...later], [...past.map((row) => t0(row[1])), ...later],
        [...then, ...future.map((row) => t0(row[3]))], [...then, ...future.map((row) => t0(row[1]))], [...then, ...future.map((row) => t0(row[2]))]];
      const axis = { stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint } };
      const edge = (colour) => ({ stroke: colour, width: 0.5, points: { show: false } });
      const text = (_, v) => (v === null || v === undefined ? "–" : `${local(v.toFixed(1))} t`);
      const series = [{ label: t("film_time"), value: (_, v) => (v ? when(v) : "–") }, { ...edge(accent), label: t("live_high"), value: text }, { ...edge(accent), label: t("live_low"), value: text }, { label: t("live_mean"), stroke: accent, width: 1.8, points: { show: false }, value: text },
        { ...edge(flag), label: t("live_fan_high"), value: text }, { ...edge(flag), label: t("live_fan_low"), value: text }, { label: t("live_median"), stroke: flag, width: 1.8, dash: [6, 3], points: { show: false }, value: text }];
      const size = () => ({ width: Math.max(260, box.current.clientWidth), height: 300 });
      const clock = (v) => new Date(1000 * v).toLocaleString(place(), { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" });
      chart = new UPlot({ ...size(), axes: [{ ...axis, space: 110, values: (_, all) => all.map(clock) }, { ...axis, label: "t", values: (_, all) => all.map((v) => local(String(v))) }], series,
        bands: [{ series: [1, 2], fill: `${accent}33` }, { series: [4, 5], fill: `${flag}33` }], scales: { y: { range: [0, Math.max(0.1, (capacity ?? 0) / 1000)] } } }, data, box.current);
      sized = new ResizeObserver(() => { if (box.current) chart.setSize(size()); });
      sized.observe(box.current);
    });
    return () => { gone = true; sized?.disconnect(); chart?.destroy(); };
  }, [past, fan, language, name]);
  return html`<div class="levels" ref=${box}></div>`;
}

function WhatIf({ name, paths, running }) {
  const [path, setPath] = hooks.useState("");
  const [value, setValue] = hooks.useState("");
  const [hours, setHours] = hooks.useState(8);
  const [found, setFound] = hooks.useState(null);
  const [busy, setBusy] = hooks.useState(false);
  const [error, setError] = hooks.useState(null);
  const act = async () => {
    setBusy(true);
    setError(null);
    try { setFound({ ...(await ask("what_if", { name, change: { [path]: value }, hours, language })), path, value }); } catch (fault) { setError(fault); setFound(null); }
    setBusy(false);
  };
  const now = paths.find((one) => one.path === path)?.value;
  return html`<section class="card" aria-labelledby="l-if"><h2 id="l-if">${t("live_if")}</h2><p class="note">${t(running ? "live_if_hint" : "live_off")}</p>
    <div class="row"><label>${t("study_path")}<input list="live-paths" value=${path} onInput=${(e) => setPath(e.target.value)} /></label>
      <label>${t("live_value")}<input value=${value} placeholder=${now ? local(now) : ""} onInput=${(e) => setValue(e.target.value)} /></label>
      <label class="small">${t("live_hours")}<input type="number" min="1" max="168" value=${hours} onInput=${(e) => setHours(Math.min(168, Math.max(1, Math.round(+e.target.value) || 1)))} /></label>
      <button class="main" disabled=${busy || !running} onClick=${act}>${busy ? t("loading") : t("live_ask")}</button></div>
    <datalist id="live-paths">${paths.map((one) => html`<option value=${one.path}>${one.value}</option>`)}</datalist><${Fault} error=${error} />
    ${found ? html`<p role="status" class="verdict">${t("live_answer", { path: found.path, value: found.value, n: found.hours, pairs: found.pairs })}</p>
      <div class="scroll" tabindex="0" role="group" aria-label=${t("live_if")}><table><thead><tr><th scope="col">${t("live_level_name")}</th><th scope="col">${t("live_difference")}</th><th scope="col">${t("live_interval")}</th><th scope="col" class="left">${t("verdict")}</th></tr></thead>
      <tbody>${found.rows.map((row) => html`<tr><th scope="row">${row.name}</th><td>${row.texts[0] ?? "–"}</td><td>${row.texts.length ? `${row.texts[1]} – ${row.texts[2]}` : "–"}</td><td class="left">${t(row.sure ? "live_sure" : "live_unsure")}</td></tr>`)}</tbody></table></div>` : null}</section>`;
}

export default function Live({ code }) {
  const [name, setName] = hooks.useState("");
  const [found, setFound] = hooks.useState(null);
  const [chosen, setChosen] = hooks.useState("");
  const [fan, setFan] = hooks.useState(null);
  const [busy, setBusy] = hooks.useState(false);
  const [error, setError] = hooks.useState(null);
  hooks.useEffect(() => {
    let here = true, timer;
    const look = async () => {
      try { const answer = await ask("live", { name, language }); if (here) { setFound(answer); setError(null); } } catch (fault) { if (here) setError(fault); }
      if (here) timer = setTimeout(look, EVERY);
    };
    look();
    return () => { here = false; clearTimeout(timer); };
  }, [name, code]);
  hooks.useEffect(() => setFan(null), [name]);
  if (!found) return html`<h1>${t("live")}</h1><${Fault} error=${error} />${error ? null : html`<p class="muted">${t("loading")}</p>`}`;
  if (!found.names.length) return html`<h1>${t("live")}</h1><p>${t("live_none")}</p>`;
  const { twin, running } = found;
  const states = (running?.states ?? []).map((one) => ({ ...one, most: Object.entries(one.shares).sort((a, b) => b[1] - a[1])[0]?.[0] }));
  const shown = twin.levels.find((row) => row.name === chosen) ?? twin.levels[0];
  const kept = fan ?? twin.fan;
  const own = shown && kept?.fan[shown.name] ? { time: kept.time, leads: kept.leads, rows: kept.fan[shown.name] } : null;
  const ahead = async () => {
    setBusy(true);
    try { setFan(await ask("fan", { name: found.name, hours: 24 })); setError(null); } catch (fault) { setError(fault); }
    setBusy(false);
  };
  return html`<div class="head"><h1>${t("live")}: ${found.name}</h1>${found.names.length > 1 ? html`<label class="inline">${t("live_folder")}<select value=${found.name} onChange=${(e) => setName(e.target.value)}>${found.names.map((one) => html`<option value=${one}>${one}</option>`)}</select></label>` : null}</div>
    <${Fault} error=${error} />
    <p class=${running && !running.health.ok ? "fault" : "note"} role="status">${twin.time === null ? t("live_nothing") : t("live_at", { time: when(twin.time) })} ${running ? (running.health.ok ? t("live_ok") : running.health.silent ? t("live_silent", { n: Math.round(running.health.silent_for / 60) }) : `${t("live_fault")} ${running.health.fault}`) : t("live_off")}</p>
    <section aria-labelledby="l-alarms"><h2 id="l-alarms">${t("live_alarms")}</h2>${twin.alarms.length ? html`<ul class="problems">${twin.alarms.map((one) => html`<li><span class="muted">${when(one.time)}</span> <code>${one.signal}</code> <strong>${t(`live_${one.kind.replaceAll(" ", "_")}`)}</strong> <span>${one.text}</span></li>`)}</ul>` : html`<p class="muted">${t("live_no_alarms")}</p>`}</section>
    <section aria-labelledby="l-stands"><h2 id="l-stands">${t("live_stands")}</h2>
      ${found.svg ? html`<${Sheet} svg=${found.svg} states=${states} />` : html`<p class="note">${t("live_elsewhere")}</p>`}
      ${states.length ? html`<p class="row">${[...new Set(states.map((one) => one.most))].filter(Boolean).map((state) => html`<span class="swatch"><i data-state=${state}></i>${t(`state_${state}`)}</span>`)}</p>
        <div class="scroll" tabindex="0" role="group" aria-label=${t("states")}><table><thead><tr><th scope="col">${t("unit")}</th><th scope="col">${t("live_works")}</th><th scope="col">${t("live_interval")}</th><th scope="col" class="left">${t("live_most")}</th></tr></thead><tbody>${states.map((one) => html`<tr><th scope="row">${one.unit}</th><td>${local((100 * one.works[0]).toFixed(0))} %</td><td>${local((100 * one.works[1]).toFixed(0))} – ${local((100 * one.works[2]).toFixed(0))} %</td><td class="left">${one.most ? t(`state_${one.most}`) : "–"}</td></tr>`)}</tbody></table></div>` : null}
      <dl class="fills spans">${twin.levels.filter((row) => row.capacity).map((row) => html`<${Bar} row=${row} />`)}</dl>
      ${twin.parameters.length ? html`<h3>${t("live_parameters")}</h3><div class="scroll" tabindex="0" role="group" aria-label=${t("live_parameters")}><table><tbody>${twin.parameters.map((row) => html`<tr><th scope="row">${row.name}</th><td>${local(row.texts[0])}</td><td>${local(row.texts[1])} – ${local(row.texts[2])}</td></tr>`)}</tbody></table></div>` : null}</section>
    ${shown ? html`<section aria-labelledby="l-fan"><h2 id="l-fan">${t("live_fan")}</h2>
      <div class="row"><label class="inline">${t("live_level_name")}<select value=${shown.name} onChange=${(e) => setChosen(e.target.value)}>${twin.levels.map((row) => html`<option value=${row.name}>${row.name}</option>`)}</select></label>
      <button disabled=${busy || !running} onClick=${ahead}>${busy ? t("loading") : t("live_ahead")}</button></div>
      <${Fan} name=${shown.name} past=${twin.past[shown.name] ?? []} fan=${own} capacity=${shown.capacity} />
      <p class="note">${own ? t("live_fan_says", { time: when(own.time), n: local((own.leads.at(-1) / 3600).toFixed(0)), low: tonnes(own.rows.at(-1)[0]), high: tonnes(own.rows.at(-1)[2]) }) : t("live_no_fan")}</p></section>` : null}
    <${WhatIf} key=${found.name} name=${found.name} paths=${found.paths} running=${running} />
    <section aria-labelledby="l-log"><h2 id="l-log">${t("live_log")}</h2><ul class="problems">${twin.log.map((one) => html`<li><span class="muted">${when(one.time)}</span> <span>${one.text}</span></li>`)}</ul></section>`;
}
