// What htmx leaves open: keys of commands, the countdown, and saying whether saving works.
"use strict";
(() => {
  const body = document.body;
  const READ_MS = 5000;
  const RETRY_MS = 10000;
  const MINUTE_MS = 60000;

  // Each request is a command of its own; the key in the form is for sending it without a script.
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") {
      event.detail.headers["Idempotency-Key"] = self.crypto?.randomUUID?.()
        ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16)).join("");
      event.detail.headers.Accept = "text/html";
    }
  });

  // A refusal is a page too: it is shown where its answer was to appear.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 401) {
      tell("session");
    } else if ([409, 412, 422].includes(xhr.status) && event.detail.target !== body) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // Saving: only failure and recovery are announced, each once.
  let told = "";
  let toldAt = 0;
  let again = 0;
  function tell(what) {
    const place = document.getElementById("saving");
    if (!place || told === what) return;
    told = what;
    toldAt = Date.now();
    for (const one of place.children) one.hidden = one.dataset.when !== what;
  }
  function retry() {
    const form = document.querySelector("form[data-draft]");
    form?.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function cut() {
    tell("offline");
    clearTimeout(again);
    again = setTimeout(retry, RETRY_MS);
  }
  body.addEventListener("htmx:sendError", cut);
  body.addEventListener("htmx:timeout", cut);
  body.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful || !told) return;
    if (told === "offline") tell("back");
    else if (Date.now() - toldAt > READ_MS) tell("");
  });
  addEventListener("online", () => { if (told === "offline") retry(); });

  // A button that was pressed and can no longer be pressed passes the focus to its neighbour.
  let pressed = "";
  body.addEventListener("htmx:beforeRequest", (event) => { pressed = event.detail.elt.id || ""; });
  body.addEventListener("htmx:afterSettle", () => {
    const found = pressed && document.getElementById(pressed);
    if (!found?.disabled) return;
    const near = found.parentElement?.querySelector("button:not(:disabled)");
    near?.focus();
  });

  // The time that is left, by the minute. The clock of the house is not that of the reader.
  const since = new WeakMap();
  function count() {
    for (const one of document.querySelectorAll("[data-left]")) {
      if (!since.has(one)) since.set(one, performance.now());
      const seconds = Number(one.dataset.left) - (performance.now() - since.get(one)) / 1000;
      const minutes = Math.floor(seconds / 60);
      const given = {
        days: Math.floor(minutes / 1440), hours: Math.floor(minutes / 60) % 24, minutes: minutes % 60,
      };
      const form = minutes < 1 ? "end" : given.days ? "long" : given.hours ? "middle" : "short";
      const words = (one.dataset[form] ?? "").replace(/\{(\w+)\}/g, (_, name) => given[name]);
      if (one.textContent !== words) one.textContent = words;
    }
  }
  count();
  body.addEventListener("htmx:afterSettle", count);
  setInterval(count, MINUTE_MS);

  // The end of the session is said ten minutes before, once; another window may have put it off.
  const ending = document.getElementById("ending");
  const WARN_MS = 10 * MINUTE_MS;
  const ENDS = "ieum-session-ends";
  let saidEnd = "";
  let asleep = 0;
  function ends() {
    return Number(localStorage.getItem(ENDS)) || 0;
  }
  function lives(seconds) {
    localStorage.setItem(ENDS, Date.now() + seconds * 1000);
    watch();
  }
  function warn(when) {
    if (saidEnd === when) return;
    saidEnd = when;
    ending.replaceChildren();
    if (!when) return;
    const words = document.getElementById("ending-words").content.cloneNode(true);
    for (const one of words.querySelectorAll("[data-when]")) if (one.dataset.when !== when) one.remove();
    ending.append(words);
  }
  function watch() {
    clearTimeout(asleep);
    const left = ends() - Date.now();
    if (left > WARN_MS) warn("");
    else if (left <= 0) warn("over");
    else if (!saidEnd) warn("soon");
    if (left > 0) asleep = setTimeout(watch, Math.min(left > WARN_MS ? left - WARN_MS : left, MINUTE_MS));
  }
  if (ending) {
    lives(Number(ending.dataset.seconds));
    body.addEventListener("htmx:afterRequest", (event) => {
      const left = Number(event.detail.xhr?.getResponseHeader("Ieum-Session-Left"));
      if (left) lives(left);
    });
    ending.addEventListener("click", async (event) => {
      if (!event.target.closest("button")) return;
      const answer = await fetch("/session", { headers: { Accept: "application/json" } });
      if (!answer.ok) return warn("over");
      const left = (await answer.json()).seconds_left;
      lives(left);
      if (left * 1000 <= WARN_MS) warn("last");
      const main = document.getElementById("main");
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    });
  }

  // One more or one fewer: the field counts without a script, too.
  for (const one of document.querySelectorAll("button[data-step]")) one.hidden = false;
  body.addEventListener("click", (event) => {
    const step = event.target.closest("button[data-step]");
    const field = step && document.getElementById(step.dataset.for);
    if (!field) return;
    const next = (parseInt(field.value, 10) || 0) + Number(step.dataset.step);
    field.value = Math.min(Number(field.max), Math.max(Number(field.min), next));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  body.addEventListener("input", (event) => {
    const said = event.target.id && document.querySelector(`output[for="${event.target.id}"][data-words]`);
    const came = said ? Number(said.dataset.all) - (parseInt(event.target.value, 10) || 0) : -1;
    if (came >= 0) said.textContent = said.dataset.words.replace("{came}", came);
  });

  // The day that a field holds, in the page's words: the browser writes it in its own.
  body.addEventListener("input", (event) => {
    const said = event.target.id && document.querySelector(`[data-told="${event.target.id}"]`);
    if (!said) return;
    const words = said.dataset;
    const [year, month, day, hour, minute] = event.target.value.split(/\D/).map(Number);
    const weekday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
    const facts = {
      month, day, minute, hour: hour % 12 || 12,
      weekday: words.weekdays.split(",")[weekday], month_name: words.months?.split(",")[month - 1],
    };
    const fill = (text) => text.replace(/{(\w+)(:02)?}/g, (_, name, two) => String(facts[name]).padStart(two ? 2 : 1, "0"));
    const clock = hour >= 0 ? ` ${fill(words[`clock_${hour < 12 ? "am" : "pm"}${minute ? "_minutes" : ""}`])}` : "";
    said.textContent = year ? fill(words.day) + clock : "";
  });

  for (const form of document.querySelectorAll("form[data-at-once]")) form.requestSubmit();
})();
