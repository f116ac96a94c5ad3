// Enrolment at the counter: what changes is shown without a reload, and samples are recorded, sent and answered.
"use strict";
import { Recorder } from "./recorder.js";

const SILENT_DBFS = -65, QUICK = 40, SLOW = 120, SAY_MS = 700; // pieces of about 40 ms; so often the meter says another word

const live = () => document.getElementById("enrol");
const say = (id, text) => { const there = document.getElementById(id); if (there && there.textContent !== text) there.textContent = text; };

async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("enrol");
  if (!answer.ok || !fresh) {
    say("said", [...page.querySelectorAll("main h1, main h1 ~ p:not(:has(a))")].map((one) => one.textContent.trim()).join(" "));
    return false;
  }
  if (Boolean(fresh.dataset.samples) !== Boolean(live().dataset.samples)) { location.assign(answer.url); return true; }
  const focused = live().contains(document.activeElement);
  live().replaceWith(fresh);
  if (focused) document.getElementById("content").focus();
  const told = fresh.querySelector("[data-said]")?.textContent.trim() || fresh.dataset.changed;
  say("changed", told || "");
  return true;
}

function watch() {
  if (!live()) return;
  new EventSource(live().dataset.events).onmessage = async ({ data }) => {
    if (data === live().dataset.known || document.body.dataset.busy) return;
    await show(await fetch(live().dataset.page, { credentials: "same-origin", headers: { "X-By-Itself": "yes" } }));
  };
}

function plays() {
  document.querySelectorAll("[data-plays]").forEach((button) => {
    const player = document.getElementById(button.dataset.plays);
    button.addEventListener("click", () => { if (player.paused) { player.currentTime = 0; player.play(); } else player.pause(); });
  });
}

// How the voice comes in, in one word: by its loudest tenth lately, the quietest tenth of a while, and what is cut off.
class Meter {
  constructor(limits) { this.limits = limits; this.heard = []; this.cut = []; this.last = 0; }

  word({ dbfs, clipped }) {
    this.heard = [...this.heard, dbfs].slice(-SLOW);
    this.cut = [...this.cut, clipped].slice(-QUICK);
    const at = (some, share) => [...some].sort((a, b) => a - b)[Math.min(some.length - 1, Math.floor(some.length * share))];
    const voice = at(this.heard.slice(-QUICK), 0.9), floor = at(this.heard, 0.1);
    if (this.cut.reduce((sum, one) => sum + one, 0) / this.cut.length > this.limits.clipped) return "loud";
    if (voice < SILENT_DBFS) return "silent";
    if (voice < this.limits.quiet) return "quiet";
    if (this.heard.length >= QUICK && voice - floor < this.limits.noisy) return "noisy";
    return "good";
  }
}

function record() {
  const place = document.getElementById("recorder");
  if (!place) return;
  const words = place.dataset, button = document.getElementById("record"), level = document.getElementById("level");
  const meter = new Meter({ quiet: Number(words.quiet), noisy: Number(words.noisy), clipped: Number(words.clipped) });
  let spoke = 0, over = null;
  const recorder = new Recorder({
    onLevel: (heard) => {
      level.value = Math.max(heard.dbfs, level.value - 1.5); // it falls slowly, or pauses between words hide it
      const word = meter.word(heard), now = performance.now();
      if (now - spoke < SAY_MS) return;
      spoke = now;
      say("level-said", words[`say${word[0].toUpperCase()}${word.slice(1)}`]);
    },
  });
  const start = async () => {
    say("said", "");
    try { await recorder.open(); } catch { say("said", words.denied); return; }
    recorder.start();
    button.textContent = words.stop;
    over = setTimeout(stop, Number(words.longest) * 1000);
  };
  const stop = async () => {
    clearTimeout(over);
    button.disabled = true;
    document.body.dataset.busy = "yes";
    try {
      const { wav } = await recorder.stop();
      say("said", words.sending);
      const headers = { "Content-Type": "audio/wav", "X-CSRFToken": words.token };
      if (await show(await fetch(live().dataset.samples, { method: "POST", body: wav, headers, credentials: "same-origin" }))) say("said", "");
    } catch { say("said", words.lost); }
    delete document.body.dataset.busy;
    button.textContent = words.start;
    button.disabled = false;
    button.focus();
  };
  button.addEventListener("click", () => (recorder.recording ? stop() : start()));
}

watch();
plays();
record();
