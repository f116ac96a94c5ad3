// A large button that plays what is read aloud, and stops it.
"use strict";
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-plays]"), player = button && document.getElementById(button.dataset.plays);
  if (!player) return;
  if (player.paused) { player.currentTime = 0; player.play(); } else player.pause();
});
