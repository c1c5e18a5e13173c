// Show the worker's latest records. Poll every second for changed records and for the state.
import { announce, ask, badge, clock, element, keepFresh, node } from "./shared.js";

const INTERVAL = 1000; // ms between two requests
const MOST_ROWS = 400; // in the table; filters find the others
const MOST_ENTRIES = 5000; // kept on the page, which may be more than the worker keeps
const FEWEST_POINTS = 60; // the least width of a plot: two minutes

const TONES = { delivered: "good", dead_lettered: "bad", filtered: "", in_progress: "warn", released: "" };
const GATE_TONES = { open: "good", limited: "warn", breaker: "warn", halted: "bad" };
const NARROW = matchMedia("(max-width: 1200px)"); // as in page.css: an opened record lies over the rest
const FILTERS = ["disposition", "reason", "partition", "text"];

const precise = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const grouped = new Intl.NumberFormat("en-GB");

const entries = new Map(); // "topic-0@17" -> the record as the worker sent it
const rows = new Map(); // key -> table row
let words = null;
let startedAt = null; // of the worker, whose revisions restart with it
let revision = 0;
let skew = 0; // seconds by which the worker's clock is ahead of ours
let state = null;
let opened = null; // the key of the open record
let hint = null; // of the halt, while there is one

// Small helpers.

const plain = (word) => (word === "dead_lettered" ? "dead-lettered" : word.replaceAll("_", " "));
const keyOf = (entry) => `${entry.partition}@${entry.offset}`;
const workersNow = () => Date.now() / 1000 + skew;

function setText(id, text) {
  const at = element(id);
  if (at.textContent !== text) at.textContent = text; // announce changes only
}

function duration(seconds) {
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

function relative(at) {
  const ago = workersNow() - at;
  if (ago < -0.5) return `in ${duration(-ago)}`;
  return ago < 1.5 ? "just now" : `${duration(ago)} ago`;
}

function when(at) {
  const made = node("time", "", relative(at));
  made.dateTime = new Date(at * 1000).toISOString();
  made.title = whole.format(new Date(at * 1000));
  made.dataset.at = at;
  return made;
}

function exact(at) {
  const made = when(at);
  delete made.dataset.at;
  made.textContent = precise.format(new Date(at * 1000));
  made.title += ` (${relative(at)})`;
  return made;
}

function tickTimes() {
  for (const each of document.querySelectorAll("time[data-at]")) {
    const text = relative(Number(each.dataset.at));
    if (each.textContent !== text) each.textContent = text;
  }
}

function rate(number) {
  return number === 0 ? "0" : number >= 10 ? grouped.format(Math.round(number)) : number.toFixed(1);
}

// The state: the top of the page.

function showState() {
  showCondition();
  const { history, settled } = state;
  for (const name of ["delivered", "dead_lettered", "filtered"]) {
    const now = history[name].at(-1) ?? 0;
    setText(name, rate(now));
    setText(`${name}-total`, `${grouped.format(settled[name])} in total`);
    plot(name, `${plain(name)} per second`);
    element(name).parentElement.classList.toggle("idle", now === 0);
  }
  setText("waiting", grouped.format(state.waiting));
  setText("in-flight", `${grouped.format(state.in_flight)} in flight`);
  element("waiting").parentElement.classList.toggle("idle", state.waiting === 0);
  plot("waiting", "records waiting");
  const known = state.partitions.filter((each) => each.lag !== null);
  setText("lag", known.length || !state.partitions.length ? grouped.format(known.reduce((sum, each) => sum + each.lag, 0)) : "–");
  setText("lag-detail", `records in ${grouped.format(state.partitions.length)} partition${state.partitions.length === 1 ? "" : "s"}`);
  plot("lag", "records of lag");
  showPartitions();
  setText("about", `Outcome of the latest records. Contacts are masked. Version ${state.version}, up ${duration(state.now - state.started_at)}.`);
}

function showCondition() {
  const { gate } = state;
  const word = plain(state.state);
  const passing = gate.state === "breaker" || ["starting", "draining"].includes(state.state);
  const tone = passing ? "warn" : state.ready ? "good" : "bad";
  element("status").dataset.tone = tone;
  setText("condition", state.ready ? capital(word) : `Not ready: ${word}`);
  setText("condition-detail", state.detail);
  setText("gate", gate.state);
  element("gate").className = `badge ${GATE_TONES[gate.state]}`;
  const probe = gate.probe_at ? ` Next probe ${relative(gate.probe_at)}.` : "";
  const limit = gate.requests_per_second ? ` At most ${rate(gate.requests_per_second)} requests per second.` : "";
  setText("gate-detail", `${words.gate[gate.state]}${probe}${limit}`);
  document.title = `${state.ready ? (gate.state === "breaker" ? "Breaker open" : "Ready") : capital(word)} · Event debugger`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function showPartitions() {
  setText("partition-count", state.partitions.length ? `${state.partitions.length} assigned` : "none assigned");
  element("partition-rows").replaceChildren(...state.partitions.map((each) => {
    const row = node("tr");
    const name = node("td", "", each.partition);
    if (each.paused) name.append(" ", badge("paused", "warn"));
    const oldest = node("td", "number");
    oldest.append(each.oldest_at === null ? "–" : when(each.oldest_at));
    row.append(
      name,
      node("td", each.lag ? "number behind" : "number", each.lag === null ? "–" : grouped.format(each.lag)),
      node("td", "number", grouped.format(each.unsettled)),
      oldest,
    );
    return row;
  }));
  options("partition", state.partitions.map((each) => each.partition));
}

// name -- of a series in the history
function plot(name, label) {
  const series = state.history[name];
  const at = element(`${name}-plot`);
  const most = Math.max(...series, 1e-9);
  const height = 30, width = Math.max(series.length, FEWEST_POINTS) - 1; // of the view box
  const from = width - series.length + 1;
  const points = series.map((value, index) => `${from + index} ${(height - (value / most) * (height - 2)).toFixed(1)}`);
  const line = series.length ? `M${points.join("L")}` : `M0 ${height}H${width}`;
  if (at.dataset.line === line) return;
  at.dataset.line = line;
  const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const drawing = make("svg");
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("role", "img");
  const minutes = Math.max(1, Math.round((series.length * state.history.step) / 60));
  drawing.setAttribute("aria-label", `${label}: now ${rate(series.at(-1) ?? 0)}, at most ${rate(Math.max(...series, 0))} in ${minutes} min`);
  const title = make("title");
  title.textContent = drawing.getAttribute("aria-label");
  const area = make("path"), stroke = make("path");
  area.setAttribute("class", "area");
  area.setAttribute("d", series.length ? `${line}L${width} ${height}L${from} ${height}Z` : "");
  stroke.setAttribute("d", line);
  drawing.append(title, area, stroke);
  at.replaceChildren(drawing);
}

// The records.

function takeIn(answer) {
  const first = answer.started_at !== startedAt;
  if (first) startOver(answer.started_at);
  revision = answer.revision;
  for (const entry of answer.records.toReversed()) {
    const key = keyOf(entry);
    entries.delete(key); // a record that is consumed again is a new one
    entries.set(key, entry);
  }
  for (const entry of lastFirst([...entries.values()]).slice(MOST_ENTRIES)) entries.delete(keyOf(entry));
  if (answer.records.length) {
    showRows(answer.records, first ? "" : "fresh");
    options("partition", answer.records.map((entry) => entry.partition));
    if (opened !== null && answer.records.some((entry) => keyOf(entry) === opened)) showOpened();
  }
  const passedOver = answer.consumed - entries.size; // the page keeps more than the worker
  element("sample").hidden = passedOver <= 0;
  setText("sample", `Sample: ${grouped.format(passedOver)} records are not shown. The worker keeps a sample of the newest of each disposition, retries and dead letters first.`);
}

const lastFirst = (some) => some.sort((one, other) => other.consumed_at - one.consumed_at || other.offset - one.offset);

function startOver(newStart) {
  startedAt = newStart;
  entries.clear();
  rows.clear();
  element("rows").replaceChildren();
}

function matches(entry, wanted) {
  const text = `${entry.event} ${entry.who} ${keyOf(entry)} ${Object.values(entry.contact).join(" ")}`.toLowerCase();
  return (!wanted.disposition || entry.disposition === wanted.disposition)
    && (!wanted.reason || entry.reason === wanted.reason)
    && (!wanted.partition || entry.partition === wanted.partition)
    && text.includes(wanted.text.toLowerCase());
}

// changed -- the entries whose rows are rebuilt; new rows get the class, the others are unchanged
function showRows(changed, className) {
  const focused = document.activeElement?.closest?.("#rows tr")?.dataset.key;
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, element(name).value.trim()]));
  const found = lastFirst([...entries.values()].filter((entry) => matches(entry, wanted)));
  const shown = found.slice(0, MOST_ROWS);
  const stale = new Set(changed.map(keyOf));
  const keep = new Set(shown.map(keyOf));
  const known = new Set(rows.keys());
  for (const [key, row] of rows) {
    if (keep.has(key) && !stale.has(key)) continue;
    row.remove();
    rows.delete(key);
  }
  const body = element("rows");
  let place = body.firstElementChild;
  for (const entry of shown) {
    const key = keyOf(entry);
    if (!rows.has(key)) rows.set(key, rowOf(entry, known.has(key) ? "" : className));
    const row = rows.get(key);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  setText("shown", entries.size ? `${grouped.format(found.length)} of ${grouped.format(entries.size)}` : "");
  element("none").hidden = found.length > 0;
  setText("none", entries.size
    ? "No records match the filters."
    : "No records yet. Records appear here as the worker consumes them.");
  markOpened();
  if (focused && rows.has(focused)) buttonOf(focused)?.focus({ preventScroll: true });
}

const buttonOf = (key) => rows.get(key)?.querySelector("button");

function rowOf(entry, className) {
  const row = node("tr", className);
  row.dataset.key = keyOf(entry);
  const time = node("td", "time");
  time.append(when(entry.consumed_at));
  const record = node("td", "record");
  const button = node("button", "", keyOf(entry));
  button.type = "button";
  button.setAttribute("aria-label", `Open ${keyOf(entry)}: ${entry.event || "no name"}, ${plain(entry.disposition)} ${plain(entry.reason ?? "")}`);
  record.append(button);
  const why = node("td", "why");
  why.append(badge(plain(entry.disposition), TONES[entry.disposition]), " ", node("span", "quiet", plain(briefly(entry))));
  why.title = words.reasons[entry.reason] ?? words.dispositions[entry.disposition];
  const last = entry.attempts.at(-1);
  row.append(
    time,
    record,
    node("td", entry.event ? "event" : "event absent", entry.event || "–"),
    node("td", entry.who ? "who" : "who absent", entry.who || "–"),
    why,
    node("td", last ? "answer" : "answer absent", last ? answerOf(last) : "–"),
    node("td", "number attempts", last ? grouped.format(last.number) : "–"),
    node("td", "number took", entry.ended_at && last ? duration(entry.ended_at - entry.consumed_at) : "–"),
  );
  return row;
}

function briefly(entry) {
  if (entry.reason) return entry.reason === "accepted" ? "" : entry.reason;
  if (entry.trouble) return "dead letter failed";
  const last = entry.attempts.at(-1);
  return !last ? "" : { retry: "retrying", probe: "waiting for a probe", dead_letter: "writing dead letter" }[last.then] ?? "";
}

const answerOf = (attempt) => [attempt.status, attempt.code ?? (attempt.status ? null : attempt.cause)].filter(Boolean).join(" ");

// Add missing values to a select; the selection is unchanged.
function options(id, values) {
  const select = element(id);
  const there = new Set([...select.options].map((option) => option.value));
  for (const value of new Set(values)) {
    if (there.has(value)) continue;
    const made = node("option", "", id === "partition" ? value : plain(value));
    made.value = value;
    const after = [...select.options].find((option, index) => index > 0 && option.value > value && id !== "disposition");
    select.insertBefore(made, after ?? null);
  }
}

// One record and its timeline.

function open(key) {
  opened = key;
  showOpened();
  placeOpened();
  markOpened();
  if (!NARROW.matches) announce(`${element("opened-title").textContent} opened beside the list. Press Enter again to go there.`);
}

// A modal dialog over the page keeps the focus inside. Beside the list it is not modal: the focus stays in the list.
function placeOpened() {
  const dialog = element("opened");
  if (dialog.open && dialog.matches(":modal") !== NARROW.matches) dialog.close();
  if (dialog.open) return;
  if (NARROW.matches) dialog.showModal();
  else dialog.open = true; // show() would take the focus
}

function closeOpened() {
  element("opened").close();
  closed(); // the event comes later, when the focus may be wanted elsewhere
}

function closed() {
  if (element("opened").open || opened === null) return; // reopened in the other mode, or closed by `closeOpened`
  const key = opened;
  opened = null;
  announce("");
  markOpened();
  (buttonOf(key) ?? element("records")).focus();
}

function markOpened() {
  for (const [key, row] of rows) {
    row.classList.toggle("current", key === opened);
    if (key === opened) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function showOpened() {
  const entry = entries.get(opened);
  if (!entry) return;
  setText("opened-title", `${entry.event || "Record"} · ${keyOf(entry)}`);
  const parts = [verdictOf(entry), node("h3", "", "Timeline"), wayOf(entry)];
  const fields = Object.entries(entry.contact);
  if (entry.notes.length) parts.push(node("h3", "", "Mapping notes"), notesOf(entry));
  if (fields.length) parts.push(node("h3", "", "Contact (masked), with the source of each field"), contactOf(entry, fields));
  element("opened-body").replaceChildren(...parts);
}

function verdictOf(entry) {
  const made = node("div", "verdict");
  made.append(badge(plain(entry.disposition), TONES[entry.disposition]), " ", node("strong", "", plain(entry.reason ?? "")));
  made.append(node("p", "", words.reasons[entry.reason] ?? words.dispositions[entry.disposition]));
  if (entry.detail) made.append(node("p", "", `Problem: ${plain(entry.detail)}.`));
  if (entry.disposition === "in_progress" && hint) {
    made.append(node("p", "hint", `Delivery is halted. ${hint}`));
  }
  return made;
}

function step(tone, title, at, ...details) {
  const made = node("li", tone);
  const head = node("div", "head");
  head.append(node("span", "", title));
  if (at) head.append(exact(at));
  made.append(head, ...details.filter(Boolean).map((detail) => (typeof detail === "string" ? node("p", "", detail) : detail)));
  return made;
}

function wayOf(entry) {
  const way = node("ol", "way");
  if (entry.written_at !== null) way.append(step("", "Written to Kafka", entry.written_at, `${grouped.format(entry.bytes)} bytes`));
  const waited = entry.written_at === null ? "" : `${duration(Math.max(0, entry.consumed_at - entry.written_at))} after it was written`;
  way.append(step("", "Consumed", entry.consumed_at, waited));
  const fields = Object.keys(entry.contact).length;
  if (fields) way.append(step("", `Mapped: ${fields} contact field${fields === 1 ? "" : "s"}`, null));
  const first = entry.attempts[0];
  if (first && first.number > 1) way.append(step("warn", `Attempts 1 to ${first.number - 1}`, null, "Details are no longer kept."));
  for (const attempt of entry.attempts) way.append(attemptStep(attempt));
  way.append(endOf(entry));
  return way;
}

function attemptStep(attempt) {
  const good = ["delivered", "already_exists"].includes(attempt.result);
  const then = {
    settled: "",
    retry: attempt.retry_at ? `Next attempt at ${clock.format(new Date(attempt.retry_at * 1000))}, after ${duration(attempt.retry_at - attempt.started_at - attempt.seconds)}.` : "Retried once the gate allows it.",
    probe: "A probe decides whether the record or the configuration is at fault.",
    dead_letter: "Not retried: dead-lettered.",
    nothing: "Response ignored: the worker no longer owned the partition.",
  }[attempt.then];
  const title = `Attempt ${attempt.number}: ${words.results[attempt.result]}`;
  const what = attempt.status ? answerOf(attempt) : words.causes[attempt.cause] ?? "no response";
  return step(good ? "good" : "warn", title, attempt.started_at, `${what}, in ${duration(attempt.seconds)}`, then);
}

function endOf(entry) {
  if (entry.disposition !== "in_progress") {
    const titles = { delivered: "Delivered", dead_lettered: "Dead letter written", filtered: "Filtered", released: "Released" };
    const took = entry.contact.custom_1 ? `${duration(entry.ended_at - entry.consumed_at)} after consumption` : "";
    const title = `${titles[entry.disposition]}${entry.reason === "accepted" ? "" : `: ${plain(entry.reason)}`}`;
    return step(TONES[entry.disposition], title, entry.ended_at, took);
  }
  const last = entry.attempts.at(-1);
  if (entry.trouble) return step("now", "Dead letter could not be written, will retry", null, entry.trouble);
  if (!last) return step("now", "Queued, or first request in flight", null);
  if (last.then === "dead_letter") return step("now", "Waiting for Kafka to acknowledge the dead letter", null);
  return step("now", last.then === "probe" ? "Waiting for the probe" : "Waiting for the next attempt", null);
}

function contactOf(entry, fields) {
  const made = node("dl", "contact");
  for (const [field, value] of fields) {
    const line = node("div");
    const shown = node("dd", "", value);
    if (entry.origins[field]) shown.append(node("small", "", entry.origins[field]));
    line.append(node("dt", "", field), shown);
    made.append(line);
  }
  return made;
}

function notesOf(entry) {
  const made = node("ul", "notes");
  for (const note of entry.notes) {
    const [field, kind] = note.split(" ");
    const line = node("li");
    line.append(node("strong", "", field), ` ${words.notes[kind] ?? kind}`);
    made.append(line);
  }
  return made;
}

// Polling and events.

async function refresh() {
  words ??= prepared(await ask("/debugger/words"));
  let [now, news] = await Promise.all([ask("/debugger/state"), ask(`/debugger/records?after=${revision}`)]);
  if (startedAt !== null && news.started_at !== startedAt) news = await ask("/debugger/records?after=0");
  state = now;
  skew = state.now - Date.now() / 1000;
  const hintBefore = hint;
  hint = state.gate.hint;
  showState();
  takeIn(news);
  if (opened !== null && hint !== hintBefore) showOpened();
  tickTimes();
}

function prepared(given) {
  for (const part of ["dispositions", "reasons", "gate"]) {
    element(`help-${part}`).replaceChildren(...Object.entries(given[part]).flatMap(([word, meaning]) => [node("dt", "", plain(word)), node("dd", "", meaning)]));
  }
  options("disposition", Object.keys(given.dispositions));
  options("reason", Object.keys(given.reasons));
  const asked = new URLSearchParams(location.hash.slice(1));
  options("partition", asked.get("partition") ? [asked.get("partition")] : []);
  for (const name of FILTERS) if (asked.has(name)) element(name).value = asked.get(name);
  return given;
}

element("filters").addEventListener("submit", (event) => event.preventDefault());
element("filters").addEventListener("input", () => {
  const chosen = FILTERS.map((name) => [name, element(name).value.trim()]).filter(([, value]) => value);
  history.replaceState(null, "", chosen.length ? `#${new URLSearchParams(chosen)}` : location.pathname);
  if (!words) return;
  showRows([], "");
  announce(`${element("shown").textContent} records match`);
});
element("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row) return;
  if (row.dataset.key === opened) element("close").focus();
  else open(row.dataset.key);
});
element("rows").addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  const to = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
  if (!to) return;
  event.preventDefault();
  to.querySelector("button").focus();
  if (opened !== null) open(to.dataset.key);
});
element("close").addEventListener("click", closeOpened);
element("opened").addEventListener("close", closed);
element("opened").addEventListener("click", (event) => {
  const dialog = event.currentTarget;
  if (event.target === dialog && dialog.matches(":modal")) closeOpened(); // beside it
});
NARROW.addEventListener("change", () => opened !== null && placeOpened());
element("help-open").addEventListener("click", () => element("help").showModal());
element("help-close").addEventListener("click", () => element("help").close());
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog:modal")) return; // the browser closes it
  if (event.key === "Escape" && opened !== null) closeOpened();
  if (event.key === "/" && !["INPUT", "SELECT"].includes(document.activeElement?.tagName)) {
    event.preventDefault();
    element("text").focus();
  }
});

keepFresh(refresh, INTERVAL);
