"use strict";
// The keys of the slides. Without this script they are a page to scroll.
(() => {
  const root = document.documentElement;
  const slides = [...document.querySelectorAll(".slide")];
  const dark = (wanted) => root.setAttribute("data-scheme", wanted ? "dark" : "light");
  dark(matchMedia("(prefers-color-scheme: dark)").matches);

  const middle = () => scrollY + innerHeight / 2;
  const now = () => Math.max(0, slides.findLastIndex((one) => one.offsetTop <= middle()));
  let notes = false;
  const show = (wanted) => {
    notes = wanted;
    for (const one of document.querySelectorAll(".notes")) one.open = wanted;
  };
  const go = (place) => {
    const slide = slides[Math.min(slides.length - 1, Math.max(0, place))];
    slide.scrollIntoView({ behavior: "instant" });
    history.replaceState(null, "", `#${slide.id}`);
  };
  const keys = {
    ArrowRight: () => go(now() + 1), PageDown: () => go(now() + 1), " ": () => go(now() + 1),
    ArrowLeft: () => go(now() - 1), PageUp: () => go(now() - 1),
    Home: () => go(0), End: () => go(slides.length - 1),
    n: () => show(!notes), d: () => dark(root.getAttribute("data-scheme") !== "dark"),
    f: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("a, summary, button") && [" ", "Enter"].includes(event.key)) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
