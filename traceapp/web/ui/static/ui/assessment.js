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

  // Terms are searched while they are typed; a term that is ticked joins those that are chosen. Without this the button
  // beside the box shows the form again with what was found.
  let searching, typing;
  const choicesOf = async (pick) => {
    searching?.abort();
    searching = new AbortController();
    const said = new FormData(form);
    said.set("field", pick.dataset.field);
    try {
      const answer = await fetch(beside.dataset.terms, { method: "POST", body: said, signal: searching.signal });
      if (!answer.ok) return;
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of [".told", ".found"]) pick.querySelector(part).replaceWith(told.querySelector(part));
    } catch {
      // Offline, or typed on: what was found last stays.
    }
  };

  const boxOf = (event) => event.target.closest?.(".pick input[type='search']");
  form.addEventListener("focusin", (event) => {
    if (boxOf(event) && !event.target.value) choicesOf(event.target.closest(".pick"));
  });
  form.addEventListener("input", (event) => {
    if (!boxOf(event)) return;
    clearTimeout(typing);
    typing = setTimeout(() => choicesOf(event.target.closest(".pick")), 250);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !boxOf(event)) return;
    event.preventDefault();
    choicesOf(event.target.closest(".pick"));
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name='find']");
    if (!button) return;
    event.preventDefault();
    choicesOf(button.closest(".pick"));
  });
  form.addEventListener("change", (event) => {
    const chosen = event.target.checked && event.target.closest(".told .ch, .found .ch"), pick = event.target.closest(".pick");
    if (!chosen || !pick) return;
    const search = pick.querySelector("input[type='search']");
    pick.querySelector(".chosen").append(chosen);
    search.value = "";
    search.focus();
    choicesOf(pick);
  });

  // A link to a field opens the part of the form in which it stands.
  document.addEventListener("click", (event) => {
    const place = event.target.closest("a[href^='#']")?.getAttribute("href").slice(1);
    const part = place && document.getElementById(place)?.closest("details.part");
    if (part) part.open = true;
  });
})();
