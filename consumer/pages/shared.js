// What the scripts of all pages share.
export const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }); // 24 hours, in the reader's time zone

export const element = (id) => document.getElementById(id);

export function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

export const badge = (text, tone) => node("span", `badge ${tone}`.trim(), text);

export async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// Calls `refresh` again and again while the page is seen and not paused, and says at the top how that goes.
// interval -- ms between two calls; who -- is asked, for a person
export function keepFresh(refresh, interval, who) {
  let paused = false;

  function showLive(condition, text) {
    const live = element("live");
    if (live.dataset.state === condition) return; // a screen reader is told of changes only
    live.dataset.state = condition;
    live.textContent = text;
  }

  async function run() {
    if (!paused && !document.hidden) {
      try {
        await refresh();
        showLive(paused ? "paused" : "live", paused ? "paused" : "live");
      } catch {
        showLive("lost", `no answer from ${who}`);
      }
    }
    setTimeout(run, interval);
  }

  element("pause").addEventListener("click", (event) => {
    paused = !paused;
    event.currentTarget.setAttribute("aria-pressed", String(paused));
    event.currentTarget.textContent = paused ? "Resume" : "Pause";
    showLive(paused ? "paused" : "waiting", paused ? "paused" : "connecting");
  });
  run();
}
