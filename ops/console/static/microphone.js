// One recording at a time, on any page with #recorder: its level is told in words meanwhile, it is sent, and what came of it shown.
"use strict";
import { part, reasons, say, show } from "./live.js";
import { Recorder } from "./recorder.js";

const SILENT_DBFS = -65, QUICK = 40, SLOW = 120, SAY_MS = 700; // pieces of about 40 ms; so often the meter says another word

// How the voice comes in, in one word: by its loudest tenth lately, the quietest tenth of a while, and what is cut off.
class Meter {
  constructor({ quiet, noisy, clipped, peak }) {
    this.limits = { quiet: Number(quiet), noisy: Number(noisy), clipped: Number(clipped), peak: Number(peak) };
    this.heard = [];
    this.cut = [];
  }

  word({ dbfs, clipped, peak }) {
    this.heard = [...this.heard, dbfs].slice(-SLOW);
    this.cut = [...this.cut, peak > this.limits.peak ? 1 : clipped].slice(-QUICK);
    const at = (some, share) => [...some].sort((a, b) => a - b)[Math.min(some.length - 1, Math.floor(some.length * share))];
    const voice = at(this.heard.slice(-QUICK), 0.9), floor = at(this.heard, 0.1);
    if (this.cut.reduce((sum, one) => sum + one, 0) / this.cut.length > this.limits.clipped) return "loud";
    if (voice < SILENT_DBFS) return "silent";
    if (voice < this.limits.quiet) return "quiet";
    if (this.heard.length >= QUICK && voice - floor < this.limits.noisy) return "noisy";
    return "good";
  }
}

const words = document.getElementById("recorder").dataset;
const button = document.getElementById("record"), level = document.getElementById("level"), meter = new Meter(words);
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

async function start() {
  say("said", "");
  try { await recorder.open(); } catch { say("said", words.denied); return; }
  recorder.start();
  button.textContent = words.stop;
  over = setTimeout(stop, Number(words.longest) * 1000);
}

async function stop() {
  clearTimeout(over);
  button.disabled = true;
  document.body.dataset.busy = "yes";
  try {
    const { wav } = await recorder.stop();
    say("said", words.sending);
    await send(wav);
  } catch { say("said", words.lost); }
  delete document.body.dataset.busy;
  button.textContent = words.start;
  button.disabled = false;
  button.focus();
}

async function send(wav) {
  const headers = { "Content-Type": "audio/wav", "X-CSRFToken": words.token };
  const answer = await fetch(words.to || part().dataset.samples, { method: "POST", body: wav, headers, credentials: "same-origin" });
  if (!words.to) { if (await show(answer)) say("said", ""); } // the next words appear here
  else if (answer.ok) location.assign(answer.url);
  else say("said", reasons(new DOMParser().parseFromString(await answer.text(), "text/html")));
}

button.addEventListener("click", () => (recorder.recording ? stop() : start()));
