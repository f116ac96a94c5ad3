// The prompt studio: one sentence is read, its level told meanwhile, and sent; the page then shows what came of it.
"use strict";
import { Recorder } from "./recorder.js";

const place = document.getElementById("studio"), words = place.dataset;
const button = document.getElementById("record"), level = document.getElementById("level");
const say = (id, text) => { const there = document.getElementById(id); if (there.textContent !== text) there.textContent = text; };
const LOUD_DB = -2, QUIET_DBFS = -40, SAY_MS = 600;
let spoke = 0, most = -90, over = null;

const recorder = new Recorder({
  onLevel: ({ dbfs, peak, clipped }) => {
    level.value = dbfs;
    most = Math.max(most, dbfs);
    const now = performance.now();
    if (!recorder.recording || now - spoke < SAY_MS) return;
    say("level-said", clipped > 0 || peak > LOUD_DB ? words.loud : most < QUIET_DBFS ? words.quiet : words.good);
    spoke = now;
    most = -90;
  },
});

async function start() {
  say("told", "");
  try { await recorder.open(); } catch { say("told", words.denied); return; }
  recorder.start();
  button.textContent = words.stop;
  over = setTimeout(stop, Number(words.longest) * 1000 - 500);
}

async function stop() {
  clearTimeout(over);
  button.disabled = true;
  try {
    const { wav } = await recorder.stop();
    say("told", words.sending);
    const headers = { "Content-Type": "audio/wav", "X-CSRFToken": words.token };
    const answer = await fetch(words.to, { method: "POST", body: wav, headers, credentials: "same-origin" });
    if (answer.ok) { location.assign(answer.url); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    say("told", [...page.querySelectorAll("main h1, main h1 ~ p:not(:has(a))")].map((one) => one.textContent.trim()).join(" "));
  } catch { say("told", words.lost); }
  button.textContent = words.start;
  button.disabled = false;
  button.focus();
}

button.addEventListener("click", () => (recorder.recording ? stop() : start()));
