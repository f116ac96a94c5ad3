// A part of a page that follows the server without a reload. On it stand data-events, where the server says how it stands;
// data-state, what it shows now; data-page, where it is fetched anew unless here; data-whole, where all else changes with it.
"use strict";

const id = document.querySelector("[data-events]")?.id;

export const part = () => document.getElementById(id);

export const say = (where, text) => {
  const there = document.getElementById(where);
  if (there && there.textContent !== text) there.textContent = text;
};

// What a page of errors says, without its links.
export const reasons = (page) =>
  [...page.querySelectorAll("main h1, main h1 ~ p:not(:has(a))")].map((one) => one.textContent.trim()).join(" ");

// The part as an answer has it; false where it has none, and says why.
export async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = part(), fresh = page.getElementById(id), focused = old.contains(document.activeElement) && document.activeElement.id;
  if (!answer.ok || !fresh) { say("said", reasons(page)); return false; }
  if (Boolean(fresh.dataset.samples) !== Boolean(old.dataset.samples)) { location.assign(answer.url); return true; }
  old.replaceWith(fresh);
  if (focused !== false) (document.getElementById(focused) || document.getElementById("content")).focus();
  say("changed", fresh.querySelector("[data-said]")?.textContent.trim() || fresh.dataset.changed || "");
  return true;
}

if (part()?.dataset.events) {
  const source = new EventSource(part().dataset.events);
  source.onmessage = async ({ data }) => {
    const here = part(), { state, percent, said } = data.startsWith("{") ? JSON.parse(data) : { state: data };
    if (document.body.dataset.busy) return;
    if (state === here.dataset.state) {
      here.querySelectorAll("progress").forEach((bar) => { bar.value = percent; });
      if (said) here.querySelectorAll("[data-said]").forEach((one) => { one.textContent = said; });
    } else if ("whole" in here.dataset) {
      source.close();
      location.reload();
    } else {
      await show(await fetch(here.dataset.page || location.href, { credentials: "same-origin", headers: { "X-By-Itself": "yes" } }));
      if (!part().dataset.events) source.close();
    }
  };
}
