/* Small comforts of the console; every page works without them. */
"use strict";

// A second click on a slow form must not send it twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});

// Coming back with the Back button, the form may be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A page that refuses answers starts at the list of what to correct.
document.querySelector(".errors[autofocus]")?.focus();

// Copying works in secure contexts only; elsewhere the text can be selected.
for (const button of navigator.clipboard ? document.querySelectorAll("button[data-copy]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.querySelector("span").textContent = button.dataset.done;
  });
}

// What folds is open where there is room, and on paper; a phone begins with the headings.
const folds = document.querySelectorAll("details.fold, details.tuck");
if (matchMedia("(min-width: 761px)").matches) for (const one of folds) one.open = true;
// What an address leads to is not folded away.
const unfold = () => {
  for (let one = document.getElementById(location.hash.slice(1)); one; one = one.parentElement) {
    if (one.matches("details.fold, details.tuck")) one.open = true;
  }
};
unfold();
window.addEventListener("hashchange", unfold);
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...folds].filter((one) => !one.open);
  for (const one of folded) one.open = true;
});
window.addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
});
