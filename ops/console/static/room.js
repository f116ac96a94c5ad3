// The keys of the review room: A and B play either side from its first recording, L repeats what is played.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const players = [...document.querySelectorAll("audio[data-side]")];
  const side = (name) => players.filter((one) => one.dataset.side === name);
  const stop = (except) => players.forEach((one) => { if (one !== except) one.pause(); });
  players.forEach((one) => {
    one.addEventListener("play", () => stop(one));
    one.addEventListener("ended", () => {
      const mine = side(one.dataset.side);
      const next = mine[mine.indexOf(one) + 1];
      if (next && !one.loop) { next.currentTime = 0; next.play(); }
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const key = event.key.toUpperCase();
    if (key === "A" || key === "B") {
      const [first] = side(key);
      if (!first) return;
      const playing = side(key).find((one) => !one.paused);
      if (playing) { playing.pause(); return; }
      first.currentTime = 0;
      first.play();
    } else if (key === "L") {
      const loop = !players.some((one) => one.loop);
      players.forEach((one) => { one.loop = loop; });
    }
  });
});
