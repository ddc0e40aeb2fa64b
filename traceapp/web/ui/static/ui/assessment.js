/* What stands beside the form of an assessment follows what is typed; without this it follows what is saved. */
"use strict";

(() => {
  const form = document.getElementById("assessment"), beside = document.getElementById("beside");
  if (!form || !beside) return;
  let waiting, asked;

  const look = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(beside.dataset.score, { method: "POST", body: new FormData(form), signal: asked.signal });
      if (!answer.ok) return;
      const open = beside.querySelector("details")?.open;
      beside.innerHTML = await answer.text();
      if (open && beside.querySelector("details")) beside.querySelector("details").open = true;
    } catch {
      // Offline, or asked anew: what was shown last stays.
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 500);
  });

  // A link to a field opens the part of the form in which it stands.
  document.addEventListener("click", (event) => {
    const place = event.target.closest("a[href^='#']")?.getAttribute("href").slice(1);
    const part = place && document.getElementById(place)?.closest("details.part");
    if (part) part.open = true;
  });
})();
