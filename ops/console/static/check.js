// The journal while it is verified: each event is a slice more, and the page is loaded anew when it is through.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const check = document.getElementById("check");
  const events = new EventSource(check.dataset.events);
  events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    document.getElementById("far").value = now.seq;
    document.getElementById("seq").textContent = now.seq;
    if (!now.ended) return;
    events.close();
    document.getElementById("ended").textContent = check.dataset.done;
    location.reload();
  };
});
