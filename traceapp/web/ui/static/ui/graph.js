/* Pictures of graphs: larger, smaller, moved by the mouse, and nodes chosen without loading the page anew. The pages work
   without it: then pictures scroll, and every node is a link. */
"use strict";

(() => {
  if (window.graphsAreReady) return;
  window.graphsAreReady = true;
  const SMALLEST = 0.08, LARGEST = 3, FAR = 0.6, TINY = 0.3, LEGIBLE = 0.7;
  const scales = new WeakMap();

  const size = (svg, scale) => {
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
    svg.classList.toggle("far", scale < FAR);
    svg.classList.toggle("tiny", scale < TINY);
    scales.set(svg, scale);
  };

  // What is under the point stays under it.
  const zoom = (view, factor, x = view.clientWidth / 2, y = view.clientHeight / 2) => {
    const svg = view.querySelector("svg.graph"), before = scales.get(svg) || 1;
    const after = Math.min(LARGEST, Math.max(SMALLEST, before * factor)), ratio = after / before;
    const left = (view.scrollLeft + x) * ratio - x, top = (view.scrollTop + y) * ratio - y;
    size(svg, after);
    view.scrollTo(left, top);
  };

  const fit = (view) => {
    const svg = view.querySelector("svg.graph"), [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    size(svg, Math.max(SMALLEST, Math.min(1, view.clientWidth / width, view.clientHeight / height)));
    view.scrollTo(0, 0);
  };

  // A picture that is a little too wide is made to fit; a much wider one stays legible and is scrolled.
  const settle = (view) => {
    const svg = view.querySelector("svg.graph"), ratio = view.clientWidth / Number(svg.getAttribute("viewBox").split(" ")[2]);
    if (view.clientWidth && !scales.has(svg)) size(svg, ratio < 1 && ratio >= LEGIBLE ? ratio : 1);
  };

  const show = (view, node) => {
    if (!node) return;
    const box = node.getBoundingClientRect(), frame = view.getBoundingClientRect();
    const isSeen = box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
    if (isSeen && !node.classList.contains("at")) return;
    view.scrollBy(box.left - frame.left - (view.clientWidth - box.width) / 2,
      box.top - frame.top - (view.clientHeight - box.height) / 2);
  };

  const move = (view) => {
    let from = null, moved = false;
    view.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0 || !event.target.closest("svg")) return;
      from = [event.clientX, event.clientY, view.scrollLeft, view.scrollTop];
      moved = false;
    });
    view.addEventListener("pointermove", (event) => {
      if (!from) return;
      const x = event.clientX - from[0], y = event.clientY - from[1];
      if (!moved && Math.abs(x) + Math.abs(y) < 5) return;
      if (!moved) view.setPointerCapture(event.pointerId);
      moved = true;
      view.scrollTo(from[2] - x, from[3] - y);
    });
    for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, () => { from = null; });
    view.addEventListener("dragstart", (event) => event.preventDefault());
    view.addEventListener("click", (event) => {
      if (moved) { event.preventDefault(); event.stopPropagation(); }
      moved = false;
    }, true);
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const frame = view.getBoundingClientRect();
      zoom(view, event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX - frame.left, event.clientY - frame.top);
    }, { passive: false });
  };

  const begin = (root) => {
    for (const view of root.querySelectorAll(".gview")) {
      if (!view.querySelector("svg.graph")) continue;
      const tools = view.closest("figure").querySelector(".gzoom");
      tools.hidden = false;
      for (const button of tools.querySelectorAll("[data-zoom]")) {
        button.addEventListener("click", () => (button.dataset.zoom === "fit" ? fit(view)
          : zoom(view, button.dataset.zoom === "in" ? 1.3 : 1 / 1.3)));
      }
      move(view);
      settle(view);
      view.closest("details")?.addEventListener("toggle", () => settle(view));
      // What was chosen or found, else the darkest box, else where the trace begins.
      show(view, [".at", ".found", ".p4", ".p3", ".focus"].map((mark) => view.querySelector(mark)).find(Boolean));
    }
  };

  // A link of the picture brings a part of the same page: only this part is put in place.
  // The size of the picture stays; a chosen node is shown with what is said about it, a fold opens where it was.
  const load = async (address) => {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const part = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("picture");
    const here = document.getElementById("picture");
    if (!answer.ok || !part || !here) throw new Error("not this page");
    const before = here.querySelector(".gview"), scale = scales.get(here.querySelector("svg.graph"));
    const left = before?.scrollLeft, top = before?.scrollTop;
    here.replaceWith(part);
    const view = part.querySelector(".gview"), svg = part.querySelector("svg.graph"), chosen = part.querySelector(".at");
    if (scale && svg) size(svg, scale);
    begin(part);
    if (chosen) part.scrollIntoView();
    else if (before && view) view.scrollTo(left, top);
    (chosen || view)?.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#picture a[href^='?']");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const address = new URL(link.getAttribute("href"), location.href);
    load(address).then(() => history.pushState({ part: true }, "", address), () => location.assign(address));
  });
  window.addEventListener("popstate", () => {
    if (document.getElementById("picture")) load(location.href).catch(() => location.reload());
  });

  begin(document);
})();
