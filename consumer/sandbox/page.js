// Show the sandbox's state. Poll the counters, and fetch contacts and requests only if there are new ones.
import { announce, ask, badge, clock, element, keepFresh, node } from "./shared.js";

const INTERVAL = 700; // ms between two requests
const MOST_CONTACTS = 300; // rows on the page; the sandbox holds more
const MOST_REQUESTS = 60;
const RATE_OVER = 8; // requests: the rate is an average over the time between so many

const CONSENT = {
  marketing_opt_in: ["opted in", "good"],
  marketing_opt_out: ["opted out", "bad"],
  marketing_unknown: ["unknown", ""],
};
const ENDINGS = {
  cut: "connection closed mid-response",
  garbage: "invalid HTTP response",
  reset: "connection reset",
  client_gone: "client disconnected",
};

const time = (seconds) => clock.format(new Date(seconds * 1000));
const grouped = new Intl.NumberFormat();

let seen = { resetAt: null, revision: 0, requests: -1 };
let history = []; // of the request counter, for the rate
const rows = new Map(); // contact id -> its row


// status -- a number, its digits, or "none" if no complete answer was sent
function tone(status) {
  if (status === null || status === "none" || status >= 500) return "bad";
  return status >= 300 ? "warn" : "good";
}

async function refresh() {
  const state = await ask("/sandbox/state");
  if (state.reset_at !== seen.resetAt) startOver(state);
  if (state.revision > seen.revision) {
    const { contacts } = await ask(`/sandbox/contacts?after=${seen.revision}&limit=${MOST_CONTACTS}`);
    showContacts(contacts);
    seen.revision = Math.max(seen.revision, ...contacts.map((contact) => contact.revision));
  }
  if (state.requests !== seen.requests) {
    const { requests } = await ask(`/sandbox/log?limit=${MOST_REQUESTS}`);
    showRequests(requests);
    seen.requests = state.requests;
  }
  showCounters(state);
  showFaults(state.faults);
  showAccount(state);
}

function startOver(state) {
  seen = { resetAt: state.reset_at, revision: 0, requests: -1 };
  history = [];
  rows.clear();
  element("contact-rows").replaceChildren();
}

function showCounters(state) {
  const sums = { 2: 0, 4: 0, 5: 0 };
  for (const [status, count] of Object.entries(state.statuses)) {
    sums[{ good: 2, warn: 4, bad: 5 }[tone(status)]] += count;
  }
  element("contact-count").textContent = grouped.format(state.contacts);
  element("request-count").textContent = grouped.format(state.requests);
  for (const group of Object.keys(sums)) element(`count-${group}`).textContent = grouped.format(sums[group]);
  history = [...history, { now: state.now, requests: state.requests }].slice(-RATE_OVER);
  const seconds = state.now - history[0].now;
  const rate = seconds > 0 ? (state.requests - history[0].requests) / seconds : 0;
  element("rate").textContent = rate >= 10 ? grouped.format(Math.round(rate)) : rate.toFixed(1);

  const statuses = Object.keys(state.statuses).sort();
  element("statuses").replaceChildren(...statuses.map((status) => {
    const item = node("li");
    const name = status === "none" ? "no response" : status;
    item.append(badge(`${name} × ${grouped.format(state.statuses[status])}`, tone(status)));
    return item;
  }));
  element("no-contacts").hidden = state.contacts > 0;
  element("contact-scroll").hidden = state.contacts === 0;
  const note = element("contact-note");
  note.hidden = state.contacts <= rows.size;
  note.textContent = `Showing the ${grouped.format(rows.size)} most recently changed of ${grouped.format(state.contacts)} contacts.`;
}

function showContacts(contacts) {
  const body = element("contact-rows");
  for (const contact of contacts.toReversed()) {
    rows.get(contact.contact_id)?.remove();
    const row = contactRow(contact);
    rows.delete(contact.contact_id);
    rows.set(contact.contact_id, row);
    body.prepend(row);
  }
  for (const id of rows.keys()) {
    if (rows.size <= MOST_CONTACTS) break;
    rows.get(id).remove();
    rows.delete(id);
  }
  applyFilter();
}

function contactRow(contact) {
  const { fields } = contact;
  const row = node("tr", "fresh");
  const name = node("td", "name");
  const person = [fields.first_name, fields.last_name].filter(Boolean).join(" ");
  name.append(node("strong", person ? "" : "absent", person || "no name"));
  const place = [fields.address_city, fields.address_state, fields.address_country].filter(Boolean).join(", ");
  const about = [fields.organization_name, place].filter(Boolean).join(" · ");
  if (about) name.append(node("span", "", about));
  const consent = node("td", "consent");
  consent.append(badge(...(CONSENT[fields.custom_1] ?? [fields.custom_1 ?? "none", ""])));
  const times = contact.received === 1 ? "once" : `${contact.received} times`;
  row.append(
    node("td", "time", time(contact.updated_at)),
    name,
    node("td", fields.email ? "email" : "email absent", fields.email || "no email"),
    node("td", fields.phone_number ? "phone" : "phone absent", fields.phone_number || "no phone"),
    consent,
    node("td", "list", contact.list_id),
    node("td", "number received", times),
  );
  row.dataset.text = [person, ...Object.values(fields)].join(" ").toLowerCase();
  return row;
}

function applyFilter() {
  const wanted = element("filter").value.trim().toLowerCase();
  for (const row of rows.values()) row.hidden = !row.dataset.text.includes(wanted);
}

function showRequests(requests) {
  element("no-requests").hidden = requests.length > 0;
  element("request-rows").replaceChildren(...requests.map(requestRow));
}

function requestRow(request) {
  const row = node("li");
  const who = node("span", "who", request.contact_key ?? `${request.method} ${request.path}`);
  who.title = `${request.method} ${request.path}`;
  const whole = request.ending === "answered";
  row.append(badge(request.status ?? "none", whole ? tone(request.status) : "bad"), who, node("time", "", time(request.received_at)));
  const why = [
    request.fault,
    ENDINGS[request.ending],
    request.attempt > 1 ? `request ${request.attempt}` : null,
    request.answered_at ? `${Math.max(1, Math.round((request.answered_at - request.received_at) * 1000))} ms` : null,
  ];
  if (request.fault || request.attempt > 1 || ENDINGS[request.ending]) {
    row.append(node("span", "why", why.filter(Boolean).join(" · ")));
  }
  return row;
}

function showFaults(faults) {
  element("no-faults").hidden = faults.rules.length > 0;
  element("fault-clock").textContent = faults.rules.length ? `active for ${Math.floor(faults.elapsed)} s` : "";
  element("fault-rows").replaceChildren(...faults.rules.map((rule) => {
    const row = node("li", rule.in_time ? "" : "over");
    const head = node("div", "head");
    const name = rule.in_time ? rule.name : `${rule.name} (inactive)`;
    head.append(node("strong", "", name), badge(rule.fired ? `× ${rule.fired}` : "not fired", rule.fired ? "warn" : ""));
    row.append(head, node("p", "", `${rule.conditions} → ${rule.consequences}`));
    return row;
  }));
}

function showAccount(state) {
  const limit = state.rate_limit;
  const facts = [
    ["Base URL", `${location.origin}/v3`],
    ["Username", state.username],
    ["Lists", state.lists.map((list) => `${list.list_id} (${grouped.format(list._contacts_count)})`).join(", ")],
    ["Duplicate contacts", { upsert: "updated", second_row: "added again", already_exists: "rejected" }[state.duplicates]],
    ["Rate limit", limit ? `${limit.requests} in ${limit.window} s` : "none"],
    ["Requests in flight", grouped.format(state.unanswered)],
  ];
  if (state.forgotten) facts.push(["Evicted contacts", grouped.format(state.forgotten)]);
  element("facts").replaceChildren(...facts.flatMap(([name, value]) => [node("dt", "", name), node("dd", "", value)]));
  element("settings").textContent = [
    `CLICKSEND_BASE_URL=${location.origin}/v3`,
    `CLICKSEND_USERNAME=${state.username}`,
    `CLICKSEND_LIST_ID=${state.lists[0]?.list_id ?? ""}`,
  ].join("\n");
}

element("filter").addEventListener("input", () => {
  applyFilter();
  const matching = [...rows.values()].filter((row) => !row.hidden).length;
  announce(`${grouped.format(matching)} of ${grouped.format(rows.size)} contacts match`);
});

keepFresh(refresh, INTERVAL);
