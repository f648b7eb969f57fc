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

  for (const form of document.querySelectorAll("form[data-at-once]")) form.requestSubmit();
})();
