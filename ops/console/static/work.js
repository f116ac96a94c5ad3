// A long work as it goes on: the bar and its words follow events of the server; when its state changes, the page does.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const work = document.getElementById("work");
  if (!work.dataset.events) return;
  const refresh = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-By-Itself": "yes" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("work");
    work.replaceChildren(...now.childNodes);
    if (!now.dataset.events) source.close();
  };
  const source = new EventSource(work.dataset.events);
  source.onmessage = (event) => {
    const { state, percent, said } = JSON.parse(event.data);
    if (state !== work.dataset.state) {
      work.dataset.state = state;
      refresh();
      return;
    }
    const bar = work.querySelector("progress");
    if (bar) bar.value = percent;
    work.querySelectorAll("[data-said]").forEach((one) => { one.textContent = said; });
  };
});
