"use strict";
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const find = (id) => document.getElementById(id);

  const words = data.words;
  // a sentence of the language with numbers and names in its places
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
  const local = (text) => text.replace(".", words.decimal);

  function element(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  function titled(shape, title) {
    if (title) shape.appendChild(element("title", {}, title));
    return shape;
  }

  const makers = {
    r: ([css, title, x, y, width, height, round]) => titled(element("rect", { class: css, x, y, width, height, rx: round }), title),
    p: ([css, title, d, width]) => titled(element("path", width === null ? { class: css, d } : { class: css, d, "stroke-width": width }), title),
    t: ([css, title, x, y, text, anchor]) => titled(element("text", { class: css, x, y, "text-anchor": anchor }, text), title),
  };

  function draw(svg, drawing) {
    const [width, height] = drawing.size;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    if (drawing.least) svg.style.minWidth = `${drawing.least}px`;
    svg.setAttribute("aria-label", drawing.label);
    svg.replaceChildren(...drawing.shapes.map(([kind, ...rest]) => makers[kind](rest)));
  }

  // dark or light: what the reader chose, else what the system asks for
  const root = document.documentElement;
  const toggle = find("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("twin-report-theme"); } catch (error) { chosen = null; }
  function show() {
    const dark = chosen ? chosen === "dark" : system.matches;
    root.dataset.theme = dark ? "dark" : "light";
    toggle.textContent = dark ? words.light : words.dark;
    toggle.setAttribute("aria-pressed", String(dark));
  }
  toggle.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("twin-report-theme", chosen); } catch (error) { /* not kept where files have no storage */ }
    show();
  });
  system.addEventListener("change", show);
  show();
  find("print").addEventListener("click", () => window.print());

  const view = find("sankey-view");
  if (view) view.addEventListener("change", () => draw(find("figure-sankey"), data.sankey[view.value]));

  // parameters by basis and by words
  if (find("parameter-rows")) {
    const basis = find("parameter-basis");
    const search = find("parameter-words");
    const body = find("parameter-rows");
    const rows = Array.from(body.rows, (row) => [row, row.dataset.basis, row.textContent.toLowerCase()]);
    function filter() {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [row, own, text] of rows) {
        row.hidden = !((!basis.value || own === basis.value) && wanted.every((word) => text.includes(word)));
        if (!row.hidden) shown += 1;
      }
      find("parameter-count").textContent = fill(words.shown, { shown, of: rows.length });
    }
    basis.addEventListener("change", filter);
    search.addEventListener("input", filter);
    filter();
  }

  // phases of furnaces: a window that a slider moves
  const chart = data.gantt;
  if (chart) {
    const slider = find("gantt-begin");
    const span = find("gantt-span");
    const { left, plot, bar, line } = chart;
    const svg = find("figure-gantt");
    const hours = (value) => (value < 1 ? `${Math.round(value * 60)} min` : `${local(value.toPrecision(3))} h`);
    const redraw = () => {
      const length = Math.min(Number(span.value) || chart.end, chart.end);
      slider.max = Math.max(chart.end - length, 0);
      const begin = Math.min(Number(slider.value), Number(slider.max));
      const bottom = line * chart.units.length + 6;
      const shapes = [];
      for (let k = 0; k <= 6; k += 1) {
        const x = left + (plot * k) / 6;
        const day = (begin + (length * k) / 6) / 24;
        shapes.push(["p", "grid", "", `M${x} 2L${x} ${bottom}`, null], ["t", "tick", "", x, bottom + 14, `${local(day.toFixed(length > 100 ? 1 : 2))} d`, "middle"]);
      }
      chart.units.forEach(([name, heading], row) => shapes.push(["t", "bar-name", heading, left - 8, 6 + row * line + bar - 2.5, name, "end"]));
      for (const [unit, kind, phase, start, end, limit, celsius] of chart.rows) {
        const from = Math.max(start, begin);
        const to = Math.min(end, begin + length);
        if (to <= from) continue;
        const heat = celsius === null ? "" : fill(words.hot, { celsius });
        const text = fill(words.limited, { unit: chart.units[unit][0], phase: chart.phases[phase], length: hours(end - start), limit: chart.limits[limit].replaceAll("_", " ") }) + heat;
        const x = left + (plot * (from - begin)) / length;
        shapes.push(["r", `phase ${chart.kinds[kind]}`, text, x, 6 + unit * line, Math.max((plot * (to - from)) / length, 0.5), bar, 0]);
      }
      const ends = { from: local((begin / 24).toFixed(2)), to: local(((begin + length) / 24).toFixed(2)) };
      draw(svg, { size: [left + plot + 60, bottom + 28], label: fill(words.label, ends), shapes });
      find("gantt-told").textContent = fill(words.told, ends);
      slider.setAttribute("aria-valuetext", find("gantt-told").textContent);
    };
    slider.addEventListener("input", redraw);
    span.addEventListener("change", redraw);
    redraw();
  }

  // what is folded is printed too
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details:not([open]):not(.bulk)"));
    for (const one of folded) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of folded) one.open = false; });
})();
