// Shared by the scripts of all pages.
export const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }); // 24 hours, in the reader's time zone

export const element = (id) => document.getElementById(id);

export function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

export const badge = (text, tone) => node("span", `badge ${tone}`.trim(), text);

// Announce visible changes to a screen reader.
export function announce(text) {
  element("announced").textContent = text;
}

const PATIENCE = 5000; // ms for a response: a frozen worker accepts connections and never responds

class NoAnswer extends Error {}

export async function ask(path) {
  const options = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
  try {
    const answer = await fetch(path, options);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return await answer.json();
  } catch (error) {
    throw new NoAnswer(`${path}: ${error.message}`, { cause: error });
  }
}

// Call `refresh` periodically while the page is visible and not paused, and show the state at the top.
// interval -- ms between two calls
export function keepFresh(refresh, interval) {
  let paused = false;
  let answeredAt = new Date();

  function showLive(condition, text) {
    const live = element("live");
    if (live.textContent === text) return; // announce changes only
    live.dataset.state = condition;
    live.textContent = text;
  }

  function showFailure(error) {
    console.error(error);
    if (error instanceof NoAnswer) showLive("lost", `no response since ${clock.format(answeredAt)}`);
    else showLive("lost", `page error since ${clock.format(answeredAt)}: see the browser console`);
  }

  async function run() {
    if (!paused && !document.hidden) {
      try {
        await refresh();
        answeredAt = new Date();
        showLive(paused ? "paused" : "live", paused ? "paused" : "live");
      } catch (error) {
        showFailure(error);
      }
    }
    setTimeout(run, interval);
  }

  element("pause").addEventListener("click", (event) => {
    paused = !paused;
    event.currentTarget.textContent = paused ? "Resume" : "Pause";
    showLive(paused ? "paused" : "waiting", paused ? "paused" : "connecting");
  });
  run();
}
