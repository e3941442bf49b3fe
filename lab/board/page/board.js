"use strict";
// The board's page. Whatever comes from learners is set as text, never as HTML. It asks its own machine alone.

const token = location.hash.slice(1);
const EVERY = 1000; // milliseconds between two questions
const SILENT = 120; // seconds after which a learner counts as not heard of
const $ = (id) => document.getElementById(id);
let board = null, changes = -1, ahead = 0, by = "held", sure = null;

function ask(path, words) {
  const options = { headers: { Authorization: `token ${token}` }, cache: "no-store" };
  if (words) Object.assign(options, { method: "POST", body: JSON.stringify(words) });
  return fetch(path, options);
}

function make(name, text, kind) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text !== undefined) put(made, text);
  return made;
}

function put(element, text) {
  const said = String(text);
  if (element.textContent !== said) element.textContent = said;
}

// The words of a sentence, where its name does not say the same.
const words = (why, message) => (message.toLowerCase().startsWith(why) ? "" : message);

// A sentence of the course: `code` in backquotes, and … where its values would stand.
function sentence(element, text) {
  const said = text.replace(/\{[^{}]*\}/g, "…");
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  element.replaceChildren(...said.split("`").map((part, place) => (place % 2 ? make("code", part) : part)));
}

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const now = () => Date.now() / 1000 + ahead;
const held = (row) => row.state === "stuck" || row.state === "blocked";
const place = (row) => (row.number ? row.number.replace(/\d+/g, (n) => n.padStart(3, "0")) : "~");

const ORDERS = {
  name: (a, b) => a.name.localeCompare(b.name),
  place: (a, b) => place(a).localeCompare(place(b)),
  held: (a, b) => held(b) - held(a) || a.since - b.since,
  since: (a, b) => a.since - b.since,
  hints: (a, b) => b.hints + 100 * b.solved - a.hints - 100 * a.solved,
  passed: (a, b) => b.passed - a.passed,
  heard: (a, b) => a.heard - b.heard,
};

// --- rows, each kept and changed in place, so that three hundred stay quick -----------------------------------------

function keep(parent, wanted, build, fill) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const [key, data] of wanted) {
    let element = known.get(key);
    if (!element) {
      element = build(data);
      element.dataset.key = key;
    }
    known.delete(key);
    fill(element, data);
    const following = before ? before.nextSibling : parent.firstChild;
    if (element !== following) parent.insertBefore(element, following);
    before = element;
  }
  for (const gone of known.values()) gone.remove();
}

function press(button, path, words) {
  button.addEventListener("click", async () => {
    const wanted = button.getAttribute("aria-pressed") !== "true";
    if (path === "show" && wanted && !certain(button, "Press again: all will see it")) return;
    try {
      await ask(path, { ...words, step: words.step ?? button.dataset.step, wanted });
    } finally {
      refresh();
    }
  });
}

// A second press within a few seconds counts; the first one asks.
function certain(button, question) {
  if (sure === button) {
    sure = null;
    return true;
  }
  sure = button;
  put(button, question);
  setTimeout(() => { if (sure === button) { sure = null; draw(); } }, 6000);
  return false;
}

function removeButton(row) {
  const button = make("button", "Remove", "remove");
  button.type = "button";
  button.addEventListener("click", async () => {
    if (!certain(button, "Press again to remove")) return;
    try {
      await ask("remove", { learner: row.id });
    } finally {
      refresh();
    }
  });
  return button;
}

function toggle(button, on, off, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
  if (sure !== button) put(button, pressed ? off : on);
}

function showButton(step) {
  const button = make("button");
  button.type = "button";
  button.className = "show";
  press(button, "show", { step: step.step });
  return button;
}

const showWords = (step, button) => toggle(button, "Show the solution to all", "Shown to all. Stop", step.shown);

function drawSums() {
  const total = board.learners.length;
  const wanted = board.steps.filter((step) => step.stuck || step.shown).sort((a, b) => b.stuck - a.stuck);
  $("nobody").hidden = wanted.some((step) => step.stuck);
  keep($("sums"), wanted.map((step) => [step.step, step]), (step) => {
    const item = make("li"), what = make("span", undefined, "what");
    what.append(make("span", undefined, "count"), make("span", undefined, "goal"), make("span", undefined, "whys"));
    item.append(what, showButton(step));
    return item;
  }, (item, step) => {
    const are = step.stuck === 1 ? "is" : "are";
    item.className = step.stuck ? "" : "only-shown";
    put(item.querySelector(".count"), `${step.stuck} of ${total} ${are} stuck at ${step.number}`);
    sentence(item.querySelector(".goal"), ` \`${step.step}\` ${step.goal}`);
    const why = step.why.slice(0, 4);
    keep(item.querySelector(".whys"), why.map((one) => [one.name + one.message, one]), () => {
      const line = make("span", undefined, "why");
      line.append(make("strong"), " ", make("span"));
      return line;
    }, (line, one) => {
      put(line.children[0], `${one.count} with ${one.name}`);
      sentence(line.children[1], words(one.name, one.message));
    });
    showWords(step, item.querySelector("button"));
  });
}

function drawSteps() {
  if (!$("all").open) return;
  keep($("steps"), board.steps.map((step) => [step.step, step]), (step) => {
    const row = make("tr");
    row.append(...["number", "goal", "passed", "working", "stuck"].map((kind) => make("td", undefined, kind)));
    const cell = make("td");
    cell.append(showButton(step));
    row.append(cell);
    return row;
  }, (row, step) => {
    put(row.children[0], step.number);
    sentence(row.children[1], `\`${step.step}\` ${step.goal}`);
    ["passed", "working", "stuck"].forEach((name, at) => put(row.children[at + 2], step[name] || ""));
    showWords(step, row.querySelector("button"));
  });
}

function drawLearners() {
  const sorted = [...board.learners].sort((a, b) => ORDERS[by](a, b) || a.name.localeCompare(b.name));
  keep($("learners"), sorted.map((row) => [row.id, row]), (row) => {
    const line = make("tr");
    line.append(...["name", "number", "state", "for", "why", "hints", "passed", "heard", "offer"].map((kind) => make("td", undefined, kind)));
    line.children[4].append(make("strong"), make("span"));
    const button = make("button");
    button.type = "button";
    press(button, "offer", { learner: row.id });
    line.children[8].append(button, removeButton(row));
    return line;
  }, (line, row) => {
    const [name, number, , , why, hints, passed, , offer] = line.children;
    put(name, row.name);
    sentence(number, row.step ? `${row.number} \`${row.step}\`` : "");
    put(line.children[2], row.state);
    put(why.children[0], row.why);
    sentence(why.children[1], words(row.why, row.message));
    put(hints, row.solved ? `${row.hints}, solution` : row.hints || "");
    put(passed, `${row.passed} of ${board.total}`);
    const button = offer.firstChild;
    button.dataset.step = row.step;
    button.hidden = row.state !== "stuck" && !row.offered;
    toggle(button, "Offer a reset", "Reset offered. Withdraw", row.offered);
    line.dataset.since = row.since;
    line.dataset.heard = row.heard;
    line.dataset.kind = { stuck: "stuck", blocked: "blocked", "all done": "done" }[row.state] || "";
  });
  tick();
}

function tick() {
  for (const line of $("learners").children) {
    const silent = now() - line.dataset.heard;
    put(line.children[3], span(now() - line.dataset.since));
    put(line.children[7], `${span(silent)} ago`);
    const kind = `${line.dataset.kind} ${silent > SILENT ? "silent" : ""}`.trim();
    if (line.className !== kind) line.className = kind;
    const remove = line.children[8].lastChild;
    remove.hidden = silent <= SILENT;
    if (sure !== remove) put(remove, "Remove");
  }
}

function draw() {
  if (!board) return;
  const total = board.learners.length, stuck = board.learners.filter(held).length;
  put($("command"), `lab join ${board.addresses[0]} ${board.code}`);
  $("state").className = "";
  put($("state"), `${total} ${total === 1 ? "learner" : "learners"}, ${stuck} stuck`);
  for (const button of $("heads").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.by === by));
  drawSums();
  drawSteps();
  drawLearners();
}

// --- asking ---------------------------------------------------------------------------------------------------------

function off(text) {
  $("state").className = "off";
  put($("state"), text);
}

async function refresh() {
  try {
    const answer = await ask(`data?after=${changes}`);
    if (answer.status === 403) return off("Open the address that `lab board` printed: this one lacks its key.");
    if (answer.status === 200) {
      const data = await answer.json();
      ahead = data.now - Date.now() / 1000;
      board = data.board;
      changes = board.changes;
      draw();
    } else if (board) {
      if ($("state").className) draw();
      tick();
    }
  } catch {
    changes = -1;
    off("The board does not answer. Is `lab board` still running? What is below is what it said last.");
  }
}

async function save(kind) {
  const answer = await ask(`export/${kind}`);
  if (!answer.ok) return;
  const link = make("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `class.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

$("csv").addEventListener("click", () => save("csv"));
$("json").addEventListener("click", () => save("json"));
$("all").addEventListener("toggle", () => draw());
$("heads").addEventListener("click", (event) => {
  if (event.target.dataset.by) {
    by = event.target.dataset.by;
    draw();
  }
});
(async () => {
  for (;;) {
    await refresh();
    await new Promise((again) => setTimeout(again, EVERY));
  }
})();
