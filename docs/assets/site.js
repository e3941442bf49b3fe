"use strict";
// A table that is wider than the screen can be scrolled with the keys too.
addEventListener("load", () => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0;
  }
});
// The page that is not there looks for the words of its address in the site's own search index.
(() => {
  const list = document.getElementById("lab-near");
  if (!list) return;
  const base = JSON.parse(document.getElementById("__config").textContent).base;
  const root = new URL(base.endsWith("/") ? base : `${base}/`, location.href);
  const words = decodeURIComponent(location.pathname.slice(root.pathname.length))
    .toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 2 && word !== "html");
  const score = (text) => words.filter((word) => text.includes(word)).length;
  const show = (docs) => {
    const near = docs
      .filter((doc) => !doc.location.includes("#"))
      .map((doc) => ({ doc, points: 3 * score(`${doc.location} ${doc.title}`.toLowerCase()) + score(doc.text.toLowerCase()) }))
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points).slice(0, 6);
    for (const { doc } of near) {
      const link = document.createElement("a");
      link.href = new URL(doc.location, root);
      link.textContent = new DOMParser().parseFromString(doc.title, "text/html").body.textContent;
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    if (near.length) document.getElementById("lab-lost").textContent = "Perhaps you meant one of these:";
  };
  const query = document.querySelector("[data-md-component=search-query]");
  if (query) query.value = words.join(" ");
  if (words.length) fetch(new URL("search/search_index.json", root)).then((answer) => answer.json()).then(({ docs }) => show(docs)).catch(() => {});
})();
