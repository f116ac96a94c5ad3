// How far a report has come while it is made, told by the server's events; when it is there, the page shows it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const going = document.getElementById("going");
  let under = going.textContent.trim() !== "";
  const events = new EventSource(document.getElementById("made").dataset.events);
  events.onmessage = (event) => {
    if (under && event.data === "") {
      events.close();
      location.reload();
    }
    under = event.data !== "";
    if (going.textContent !== event.data) going.textContent = event.data;
  };
});
