// The demo page: asks the service as any client does, and draws what it answers.
// Offsets of the service are code points, so a text is kept as an array of these.

const setup = JSON.parse(document.getElementById("setup").textContent);
const find = (id) => document.getElementById(id);

let key = ""; // Kept here and nowhere else.
let info = null;
let answers = {}; // By model: { points, task, found, ms }.
let asked = 0; // Number of the last request; answers to earlier ones are dropped.

const models = () => (info.teacher ? ["student", "teacher"] : ["student"]);
const other = (model) => (model === "student" ? "teacher" : "student");

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function formatProbability(score) {
  if (score >= 0.995 && score < 1) return ">0.99";
  if (score > 0 && score < 0.005) return "<0.01";
  return score.toFixed(2);
}

// Requests

async function ask(path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (key) headers["X-API-Key"] = key;
  const options = body ? { method: "POST", body: JSON.stringify(body) } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    throw new Error(`The service could not be asked: ${error.message}.`);
  }
  const content = await response.json().catch(() => ({}));
  const timing = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing"));
  if (response.ok) return { content, ms: timing && Number(timing[1]) };
  throw new Error(content.error || `The service answered with status ${response.status}.`);
}

async function predict() {
  const text = find("text").value;
  if (!text.trim()) {
    find("error").textContent = "Type or paste a text, or choose a sample.";
    find("text").focus();
    return;
  }
  const mine = ++asked;
  find("error").textContent = "";
  const task =
    info.tasks.length > 1 ? document.querySelector("#tasks input:checked").value : info.tasks[0];
  const found = {};
  find("results").setAttribute("aria-busy", "true");
  try {
    // In turns: neither is to wait for the other.
    for (const model of models()) {
      const body = { inputs: text, parameters: { task, model } };
      const { content, ms } = await ask("predict", body);
      if (mine !== asked) return;
      found[model] = { points: Array.from(text), task, found: content, ms };
      answers = { ...found };
      draw();
    }
  } catch (error) {
    if (mine !== asked) return;
    find("error").textContent = error.message;
  }
  find("results").setAttribute("aria-busy", "false");
  // The student has answered, and the teacher has not.
  if (found.student && models().some((model) => !found[model])) draw();
}

// Differences

const isSame = (a, b) =>
  a.start === b.start && a.end === b.end && a.entity_group === b.entity_group;

// What another model has in place of an entity; "" if it has the same.
function differs(entity, others, name) {
  const touching = others.filter((one) => one.start < entity.end && entity.start < one.end);
  if (touching.some((one) => isSame(one, entity))) return "";
  if (!touching.length) return `The ${name} does not find it.`;
  const named = touching.map((one) => `${one.word} (${one.entity_group})`);
  return `The ${name} has ${named.join(", ")}.`;
}

// Whether only one of two lists of categories has a category as its best one, or above
// the threshold.
function isOddCategory(label, mine, others, least) {
  const isAbove = (list) => list.some((one) => one.label === label && one.score >= least);
  const isBest = (list) => list.length > 0 && list[0].label === label;
  return isBest(mine) !== isBest(others) || isAbove(mine) !== isAbove(others);
}

// Drawing

function draw() {
  const least = Number(find("threshold").value);
  find("least").textContent = least.toFixed(2);
  find("results").hidden = false;
  const shown = {};
  for (const [model, { task, found }] of Object.entries(answers)) {
    shown[model] =
      task === "ner" ? found.filter((one) => one.score === null || one.score >= least) : found;
  }
  for (const model of models()) drawColumn(model, shown, least);
  find("summary").textContent = summarize(shown, least);
}

function drawColumn(model, shown, least) {
  const column = find(model);
  const latency = column.querySelector(".latency");
  const body = column.querySelector(".body");
  const answer = answers[model];
  const isAwaited = !answer && find("results").getAttribute("aria-busy") === "true";
  column.setAttribute("aria-busy", String(isAwaited));
  if (!answer) {
    latency.textContent = isAwaited ? "reads …" : "no answer";
    if (!isAwaited) body.replaceChildren();
    return;
  }
  // A proxy may have left it out.
  latency.textContent = answer.ms ? `${answer.ms.toFixed(answer.ms < 10 ? 1 : 0)} ms` : "";
  if (answer.task === "textcat") {
    body.replaceChildren(drawCategories(model, shown, least));
    return;
  }
  body.replaceChildren(drawEntities(model, shown));
  if (answer.found.some((one) => one.score === null)) {
    const note = "It gives no probabilities: the threshold does not apply.";
    body.append(element("p", { class: "soft note" }, note));
  }
}

function drawEntities(model, shown) {
  const { points } = answers[model];
  const others = shown[other(model)];
  const parts = [];
  let at = 0;
  for (const entity of shown[model]) {
    const odd = others ? differs(entity, others, other(model)) : "";
    const words = points.slice(entity.start, entity.end).join("");
    parts.push(points.slice(at, entity.start).join(""), drawEntity(entity, words, odd));
    at = entity.end;
  }
  parts.push(points.slice(at).join(""));
  return element("div", { class: "entities", lang: info.lang, dir: "auto" }, ...parts);
}

function drawEntity(entity, words, odd) {
  const label = entity.entity_group;
  const tip = element("span", { class: "tip", lang: "en", dir: "ltr" });
  const score =
    entity.score === null ? "no probability" : `probability ${formatProbability(entity.score)}`;
  tip.append(element("span", {}, `${label}, ${score}. `));
  if (odd) tip.append(element("span", {}, odd));
  const mark = element(
    "mark",
    { tabindex: "0", "data-start": entity.start, "data-end": entity.end },
    element("span", { class: "words" }, words),
    // The tip says it too, and is what a screen reader reads.
    element("span", { class: "label", "aria-hidden": "true" }, odd ? `≠ ${label}` : label),
    tip,
  );
  mark.classList.toggle("odd", Boolean(odd));
  // The displaCy colors have their labels in capitals.
  const color = setup.colors[label.toUpperCase()] || setup.defaultColor;
  mark.style.setProperty("--label-color", color);
  mark.style.setProperty("--label-ink", inkOn(color));
  for (const event of ["pointerenter", "focus"]) mark.addEventListener(event, () => openTip(mark));
  for (const event of ["pointerleave", "blur"]) mark.addEventListener(event, closeTip);
  return mark;
}

// Dark or light, whichever is easier to read on a color such as #aa9cfc or #ddd.
function inkOn(color) {
  const digits = color.slice(1);
  const wide = digits.length < 6 ? digits.replace(/./g, "$&$&") : digits;
  const [red, green, blue] = [0, 2, 4].map((i) => {
    const part = parseInt(wide.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance < 0.18 ? "#ffffff" : "#16191d";
}

function drawCategories(model, shown, least) {
  const others = shown[other(model)];
  const rows = shown[model].map(({ label, score }, index) => {
    const odd = others && isOddCategory(label, shown[model], others, least);
    const isBelow = score < least;
    const name = element("th", { scope: "row" }, label);
    if (odd) {
      const said = ` (differs from the ${other(model)})`;
      name.prepend(element("span", { class: "sign", "aria-hidden": "true" }, "≠ "));
      name.append(element("span", { class: "unseen" }, said));
    }
    if (isBelow) name.append(element("span", { class: "unseen" }, " (below the threshold)"));
    const fill = element("span", { class: "fill" });
    fill.style.setProperty("--score", score);
    const track = element("span", { class: "track", "aria-hidden": "true" }, fill);
    const cells = [track, formatProbability(score)].map((part) => element("td", {}, part));
    const row = element("tr", {}, name, ...cells);
    row.classList.toggle("best", index === 0);
    row.classList.toggle("below", isBelow);
    return row;
  });
  const caption = element("caption", { class: "unseen" }, "Categories and their probabilities");
  const table = element("table", { class: "bars" }, caption, element("tbody", {}, ...rows));
  table.style.setProperty("--least", least);
  table.classList.toggle("at-zero", least === 0);
  return table;
}

function summarize(shown, least) {
  const { student, teacher } = shown;
  const isEntities = answers.student.task === "ner";
  if (!teacher && isEntities) return count(student.length, "entity", "entities");
  if (!teacher) {
    const above = student.filter((one) => one.score >= least).length;
    return `${count(above, "category", "categories")} at or above the threshold`;
  }
  if (!isEntities) {
    const odd = student.filter(({ label }) => isOddCategory(label, student, teacher, least));
    if (!odd.length) return "Student and teacher agree";
    return `≠ They differ in ${count(odd.length, "category", "categories")}`;
  }
  const both = student.filter((one) => teacher.some((two) => isSame(one, two))).length;
  const mine = student.length - both;
  const theirs = teacher.length - both;
  if (!mine && !theirs) return `${count(both, "entity", "entities")}, the same in both`;
  const parts = [`${both} in both`];
  if (mine) parts.push(`≠ ${mine} only in the student`);
  if (theirs) parts.push(`≠ ${theirs} only in the teacher`);
  return parts.join(", ");
}

// Tips

function openTip(mark) {
  closeTip();
  mark.querySelector(".tip").classList.add("open");
  placeTip();
}

function closeTip() {
  document.querySelector(".tip.open")?.classList.remove("open");
}

function placeTip() {
  const tip = document.querySelector(".tip.open");
  if (!tip) return;
  const [line] = tip.parentElement.getClientRects();
  const box = tip.getBoundingClientRect();
  const edge = document.documentElement.clientWidth - box.width - 8;
  const above = line.top - box.height - 6;
  tip.style.left = `${Math.max(8, Math.min(line.left, edge))}px`;
  tip.style.top = `${above > 8 ? above : line.bottom + 6}px`;
}

// The start

function addColumn(model) {
  const { name } = model === "teacher" ? info.teacher : info;
  const title = model === "teacher" ? "Teacher" : info.teacher ? "Student" : "Prediction";
  const header = element(
    "header",
    {},
    element("h2", { id: `${model}-title` }, title),
    element("span", { class: "soft" }, name),
    element("span", { class: "soft latency", title: "Time that the service took for it" }),
  );
  const attributes = { class: "card column", id: model, "aria-labelledby": `${model}-title` };
  find("columns").append(element("section", attributes, header, element("div", { class: "body" })));
}

function addSamples() {
  const task = info.tasks[0];
  const buttons = (setup.samples[task] || []).map(([title, text]) => {
    const button = element("button", { type: "button", lang: info.lang }, title);
    button.addEventListener("click", () => {
      find("text").value = text;
      predict();
    });
    return button;
  });
  find("samples").replaceChildren(...buttons);
  find("samples").hidden = !buttons.length;
  buttons[0]?.click();
}

function describe() {
  const language = new Intl.DisplayNames("en", { type: "language" }).of(info.lang);
  find("about").textContent = `version ${info.version} · ${language}`;
}

async function start() {
  find("error").textContent = "";
  try {
    info = (await ask("info")).content;
  } catch (error) {
    find("error").textContent = error.message;
    return;
  }
  if (setup.needsKey) find("key-form").hidden = true;
  find("form").hidden = false;
  find("tasks").hidden = info.tasks.length < 2;
  find("text").lang = info.lang;
  describe();
  models().forEach(addColumn);
  if (setup.needsKey) find("text").focus();
  addSamples();
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) predict();
});
find("tasks").addEventListener("change", predict);
find("threshold").addEventListener("input", draw);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeTip();
});
window.addEventListener("scroll", placeTip, { passive: true });
if (setup.needsKey) {
  find("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    key = find("key").value;
    start();
  });
  find("key").focus();
} else {
  start();
}
