// The queue as it is now: an event of the server says that it changed, and the table is fetched anew, without a reload.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const queue = document.getElementById("queue");
  let known = null;
  const refresh = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-By-Itself": "yes" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = queue.contains(document.activeElement) ? document.activeElement.id : null;
    queue.replaceChildren(...page.getElementById("queue").childNodes);
    if (focused) document.getElementById(focused)?.focus();
    document.getElementById("changed").textContent = queue.dataset.changed;
  };
  new EventSource(queue.dataset.events).onmessage = (event) => {
    const before = known;
    known = event.data;
    if (before !== null && before !== known) refresh();
  };
});
