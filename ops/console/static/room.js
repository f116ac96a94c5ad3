// The review room by keys: A and B play either side and go on where the other is; all else is said on the page.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const clips = [...document.querySelectorAll(".clip[data-side]")];
  if (!clips.length) return;
  const box = (name) => document.getElementById(name);
  const player = (clip) => clip.querySelector("audio");
  const radio = (clip) => clip.querySelector("input[type=radio]");
  const length = (clip) => player(clip).duration || Number(clip.dataset.seconds);
  const chosen = (side) => clips.find((one) => one.dataset.side === side && player(one) && radio(one).checked);
  let current = null;

  const mark = () => clips.forEach((one) => one.classList.toggle("current", one === current));
  const show = (clip) => {
    const picture = clip.querySelector(".picture"), head = picture.querySelector(".head");
    const { longest, left, right } = picture.dataset, share = player(clip).currentTime / Number(longest);
    head.hidden = false;
    head.style.left = `${100 * (Number(left) + (Number(right) - Number(left)) * share)}%`;
  };
  const follow = (clip) => {
    show(clip);
    if (!player(clip).paused) requestAnimationFrame(() => follow(clip));
  };
  const play = (clip, share) => {
    if (share !== undefined) player(clip).currentTime = share * length(clip);
    player(clip).play();
  };
  const to = (clip) => {
    if (!clip) return;
    if (clip === current && !player(clip).paused) { player(clip).pause(); return; }
    const share = current && current !== clip ? player(current).currentTime / length(current) : undefined;
    play(clip, share !== undefined && share >= 0.98 ? 0 : share);
  };

  clips.filter(player).forEach((clip) => {
    const one = player(clip), others = clips.filter((other) => other !== clip && player(other)).map(player);
    one.addEventListener("play", () => {
      others.forEach((other) => other.pause());
      current = clip;
      radio(clip).checked = true;
      mark();
      follow(clip);
    });
    one.addEventListener("timeupdate", () => show(clip));
    one.addEventListener("seeked", () => show(clip));
    clip.querySelector(".picture").addEventListener("click", (event) => {
      const { longest, left, right } = event.currentTarget.dataset, place = event.currentTarget.getBoundingClientRect();
      const share = ((event.clientX - place.left) / place.width - left) / (right - left);
      one.currentTime = Math.min(Math.max(share * longest, 0), length(clip));
      show(clip);
    });
  });
  const louder = () => clips.filter(player).forEach((clip) => {
    const one = player(clip), at = one.currentTime, playing = !one.paused;
    one.dataset.levelled ||= one.getAttribute("src");
    one.src = box("levelled").checked ? one.dataset.levelled : one.dataset.original;
    if (at) one.currentTime = at;
    if (playing) one.play();
  });
  const repeat = () => clips.filter(player).forEach((clip) => { player(clip).loop = box("loop").checked; });
  box("levelled").addEventListener("change", louder);
  box("loop").addEventListener("change", repeat);

  const toggle = (name, then) => { box(name).checked = !box(name).checked; then(); };
  const keys = {
    A: () => to(chosen("A")),
    B: () => to(chosen("B")),
    S: () => { if (current) player(current).pause(); },
    R: () => { if (current) play(current, 0); },
    L: () => toggle("loop", repeat),
    O: () => toggle("levelled", louder),
  };
  const number = (text) => {
    const side = current ? current.dataset.side : "B", n = Number(text);
    const clip = clips.filter((one) => one.dataset.side === side)[n - 1];
    if (!clip || !player(clip)) return;
    radio(clip).checked = true;
    if (clip !== current) to(clip);
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
    if (typing || !box("letters").checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const key = event.key.toUpperCase();
    if (keys[key]) keys[key]();
    else if (/^[1-9]$/.test(key)) number(key);
  });
});
