// A film of a day: the drawing, in which units have the colour of their state, and the bunkers' levels, minute by minute.
import { ask, Fault, hooks, html, local, t, Said } from "./core.js";

/** Date and time of a minute; the plant's time has no zone, so that any will do. */
function clock(begin, minute) {
  return new Date(Date.parse(`${begin}:00Z`) + 60000 * minute).toISOString().slice(0, 16).replace("T", " ");
}

function Player({ film, svg }) {
  const [minute, setMinute] = hooks.useState(1);
  const [plays, setPlays] = hooks.useState(false);
  const box = hooks.useRef(null);
  hooks.useEffect(() => {
    if (!plays) return;
    const timer = setInterval(() => setMinute((now) => (now >= film.minutes ? (setPlays(false), now) : now + 1)), 60);
    return () => clearInterval(timer);
  }, [plays, film]);
  hooks.useLayoutEffect(() => {
    const states = new Map(film.states.map((one) => [one.name, film.state_names[one.values[minute - 1]]]));
    for (const shape of box.current.querySelectorAll("[data-unit]")) {
      const state = states.get(shape.dataset.unit);
      if (state) shape.setAttribute("data-state", state);
    }
  }, [film, minute, svg]);
  const shown = [...new Set(film.states.flatMap((one) => one.values))].filter((k) => k >= 0).sort((a, b) => a - b).map((k) => film.state_names[k]);
  return html`<div class="row"><button class="main" onClick=${() => setPlays(!plays)}>${t(plays ? "film_stop" : "film_play")}</button>
      <label class="inline film-time">${t("film_time")}<input type="range" min="1" max=${film.minutes} value=${minute} aria-valuetext=${clock(film.begin, minute)} onInput=${(e) => { setPlays(false); setMinute(+e.target.value); }} /></label>
      <output>${clock(film.begin, minute)}</output></div>
    <p class="row">${shown.map((name) => html`<span class="swatch"><i data-state=${name}></i>${t(`state_${name}`)}</span>`)}</p>
    <div class="figure scroll film" tabindex="0" role="group" aria-label=${t("film")} ref=${box} dangerouslySetInnerHTML=${{ __html: svg }}></div>
    <dl class="fills">${film.levels.map((one) => html`<div><dt>${one.name}</dt><dd><meter min="0" max=${one.capacity} value=${Math.min(one.values[minute - 1], one.capacity)} aria-label=${one.name}></meter>
      <span>${local(one.values[minute - 1].toFixed(1))} / ${local(String(one.capacity))} t</span></dd></div>`)}</dl>`;
}

export function Film({ file, svg, jobs }) {
  const [day, setDay] = hooks.useState(1);
  const [job, setJob] = hooks.useState(null);
  const [film, setFilm] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const mine = jobs.find((one) => one.number === job);
  const state = mine?.state;
  hooks.useEffect(() => { setFilm(null); setJob(null); }, [file]);
  hooks.useEffect(() => {
    if (state === "done") ask("answer", { job }).then((found) => setFilm(found.answer), setError);
  }, [state, job]);
  const make = () => ask("film", { file, day }).then((found) => { setFilm(null); setError(null); setJob(found.job); }, setError);
  const works = mine && !["done", "failed", "cancelled"].includes(state);
  return html`<p class="note">${t("film_hint")}</p><div class="row"><label class="small">${t("film_day")}<input type="number" min="1" value=${day} onInput=${(e) => setDay(Math.max(1, Math.round(+e.target.value) || 1))} /></label>
      <button onClick=${make} disabled=${works}>${t("film_make")}</button>${works ? html`<progress max="1" value=${state === "running" ? mine.share : null} aria-label=${t("film")}></progress>` : null}</div>
    ${mine?.message ? html`<${Said} text=${mine.message} />` : null}<${Fault} error=${error} />
    ${film ? html`<${Player} key=${`${job}`} film=${film} svg=${svg} />` : null}`;
}
