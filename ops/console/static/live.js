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

// What somebody has typed in a part goes over to the fresh one, with where they are in it. Ticks do not: what they were
// given for may read otherwise now.
function carry(old, fresh) {
  for (const one of old.querySelectorAll("input[id], textarea[id]")) {
    const same = one.value !== one.defaultValue && "selectionStart" in one && fresh.querySelector(`#${CSS.escape(one.id)}`);
    if (!same || same.form?.getAttribute("action") !== one.form?.getAttribute("action")) continue;
    const [from, to] = [one.selectionStart, one.selectionEnd];
    same.value = one.value;
    if (from !== null) same.setSelectionRange(from, to);
  }
}

// The part as an answer has it; false where it has none, and says why. `typed`: what is typed in it is kept.
export async function show(answer, typed = false) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = part(), fresh = page.getElementById(id), focused = old.contains(document.activeElement) && document.activeElement.id;
  if (!answer.ok || !fresh) { say("said", reasons(page)); return false; }
  if (Boolean(fresh.dataset.samples) !== Boolean(old.dataset.samples)) { location.assign(answer.url); return true; }
  if (typed) carry(old, fresh);
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
      const way = { credentials: "same-origin", headers: { "X-By-Itself": "yes" } };
      const answer = await fetch(here.dataset.page || location.href, way).catch(() => null); // the next event asks again
      if (answer) await show(answer, true);
      if (!part().dataset.events) source.close();
    }
  };
}
