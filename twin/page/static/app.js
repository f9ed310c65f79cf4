// The frame: which screen is shown, language, light or dark, the queue of runs that every screen may ask.
import { ask, hooks, html, language, render, speak, t } from "./core.js";
import { Plant } from "./plant.js";

const SCREENS = ["plant", "runs", "results", "compare", "study", "cluster", "live"];
const later = { runs: () => import("./runs.js"), results: () => import("./results.js"), compare: () => import("./compare.js"), study: () => import("./study.js"), live: () => import("./live.js"), cluster: () => import("./cluster.js") };

function useJobs(onEnd) {
  const [jobs, setJobs] = hooks.useState([]);
  const [lost, setLost] = hooks.useState(false);
  const seen = hooks.useRef(null);
  hooks.useEffect(() => {
    let socket, timer, closed = false;
    const open = () => {
      socket = new WebSocket(`ws://${location.host}/api/jobs`);
      socket.onopen = () => setLost(false);
      socket.onmessage = (event) => {
        const found = JSON.parse(event.data);
        const ended = found.filter((job) => job.state === "done").length;
        if (seen.current !== null && ended !== seen.current) onEnd();
        seen.current = ended;
        setJobs(found);
      };
      socket.onclose = () => {
        if (closed) return;
        setLost(true);
        timer = setTimeout(open, 2000);
      };
    };
    open();
    return () => { closed = true; clearTimeout(timer); socket.close(); };
  }, []);
  return [jobs, lost];
}

function Screen({ name, ...rest }) {
  const [found, setFound] = hooks.useState({});
  hooks.useEffect(() => {
    if (later[name] && !found[name]) later[name]().then((module) => setFound((all) => ({ ...all, [name]: module.default })));
  }, [name]);
  const Loaded = found[name];
  return Loaded ? html`<${Loaded} ...${rest} />` : html`<p class="muted">${t("loading")}</p>`;
}

function App() {
  const [code, setCode] = hooks.useState(language);
  const [screen, setScreen] = hooks.useState(SCREENS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "plant");
  const [theme, setTheme] = hooks.useState(document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  const [folder, setFolder] = hooks.useState(null);
  const [error, setError] = hooks.useState(null);
  const [shown, setShown] = hooks.useState([]);
  const refresh = hooks.useCallback(() => ask("folder").then(setFolder, setError), []);
  const [jobs, lost] = useJobs(refresh);
  hooks.useEffect(() => { refresh(); }, []);
  hooks.useEffect(() => {
    const moved = () => setScreen(SCREENS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "plant");
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const turn = () => {
    const next = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    setTheme(next);
  };
  const say = async (next) => {
    speak(next, (await ask("words", { language: next })).words);
    localStorage.setItem("language", next);
    setCode(next);
  };
  const busy = jobs.filter((job) => !["done", "failed", "cancelled"].includes(job.state)).length;
  const look = (files) => { setShown(files); location.hash = "results"; };
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById("main").focus(); }}>${t("skip")}</a>
    <header>
      <strong class="brand">twin <span class="muted">${folder ? folder.folder : ""}</span></strong>
      <nav aria-label="twin">${SCREENS.map((name) => html`<a href=${`#${name}`} aria-current=${screen === name ? "page" : null}>${t(name)}${name === "runs" && busy ? html` <span class="count">${busy}</span>` : null}</a>`)}</nav>
      <span class="tools">
        <button class="plain" onClick=${() => say(code === "en" ? "de" : "en")} lang=${code === "en" ? "de" : "en"}>${code === "en" ? "Deutsch" : "English"}</button>
        <button class="plain" onClick=${turn}>${t(theme === "dark" ? "light" : "dark")}</button>
      </span>
    </header>
    ${lost ? html`<p class="fault" role="alert">${t("lost")}</p>` : null}
    ${error ? html`<p class="fault" role="alert">${error.message}</p>` : null}
    <main id="main" tabindex="-1">
      <div hidden=${screen !== "plant"}>${folder ? html`<${Plant} code=${code} folder=${folder} refresh=${refresh} />` : html`<p class="muted">${t("loading")}</p>`}</div>
      ${screen === "plant" || !folder ? null : html`<${Screen} name=${screen} key=${screen} code=${code} folder=${folder} jobs=${jobs} look=${look} shown=${shown} refresh=${refresh} />`}
    </main>`;
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
const code = localStorage.getItem("language") || (navigator.language.startsWith("de") ? "de" : "en");
ask("words", { language: code }).then(({ words }) => {
  speak(code, words);
  render(html`<${App} />`, document.getElementById("app"));
});
