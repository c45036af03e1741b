// The picture and what was read in it. This file holds what is shown and how words are chosen; the others run in the
// same function: read_stage.js (picture, outlines), read_layers.js (what lies over it), read_score.js (which words are
// shown), read_text.js (lines and paragraphs), read_list.js (words), read_saving.js (files).
const { el, svg, toast, percent, grade, copy, download } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-reading");
// Words have one index, their place among all candidates; `order` are those that are shown, as a person reads them.
const view = { value: null, layout: null, order: [], score: 0, chosen: -1, outlines: [], halos: [], rows: [], lines: [] };
const threshold = () => Number(part("threshold").value) / 100;
const NO_TEXT =
  "No text found in this picture. Go closer, use a sharper photo, or tick “This picture is one word” if it is a cut-out word.";

// Everything that shows a word, marked or not: its outline, its row, its place in the text.
function hint(index, isOn) {
  const spans = part("transcript").querySelectorAll(`[data-word="${index}"]`);
  [view.outlines[index], view.rows[index], ...spans].forEach((node) => node && node.classList.toggle("is-hinted", isOn));
}

function hintWithLine(index, isOn) {
  hint(index, isOn);
  part("transcript").querySelector(`[data-word="${index}"]`)?.parentNode.classList.toggle("is-hinted", isOn);
}

function recolour() {
  const limit = threshold();
  part("threshold-text").textContent = percent(limit);
  const counts = { good: 0, doubtful: 0, poor: 0 };
  const shown = new Set(view.order);
  (view.value?.regions || []).forEach((region, index) => {
    const name = grade(region.confidence, limit);
    if (shown.has(index)) counts[name] += 1;
    view.outlines[index].dataset.grade = name;
    view.rows[index].dataset.grade = name;
    part("transcript").querySelectorAll(`[data-word="${index}"]`).forEach((span) => (span.dataset.grade = name));
  });
  const words = { good: "sure", doubtful: "doubtful", poor: "unsure" };
  part("legend").replaceChildren(
    ...Object.entries(words).map(([name, word]) =>
      el("li", { "data-grade": name }, el("i", { "aria-hidden": true }), el("span", { text: `${counts[name]} ${word}` })),
    ),
  );
}

function choose(index) {
  view.chosen = index;
  markChosen();
  const row = view.rows[index];
  const list = part("list");
  list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2 + row.clientHeight / 2;
  trigger("select", { index });
}

// The chosen word, and the one that Tab comes to: it must be one that is shown.
function markChosen() {
  const stop = view.order.includes(view.chosen) ? view.chosen : view.order[0];
  [view.outlines, view.rows].forEach((nodes) =>
    nodes.forEach((node, index) => {
      node.classList.toggle("is-chosen", index === view.chosen);
      node.setAttribute("aria-pressed", index === view.chosen ? "true" : "false");
      node.setAttribute("tabindex", index === stop ? 0 : -1);
    }),
  );
  part("transcript")
    .querySelectorAll("[data-word]")
    .forEach((span) => span.classList.toggle("is-chosen", Number(span.dataset.word) === view.chosen));
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

// Arrow keys, Home and End over `nodes`; Enter and Space do what a click does.
function onStep(event, nodes, at, act) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") act();
  else if (STEPS[event.key] === undefined) return;
  else nodes[Math.max(0, Math.min(nodes.length - 1, at + STEPS[event.key]))].focus();
  event.preventDefault();
}

const stepWords = (event, index, nodes) =>
  onStep(event, view.order.map((word) => nodes[word]), view.order.indexOf(index), () => choose(index));

function describeTimings(value) {
  const { detect, recognize, total } = value.timings;
  const stages = value.is_word ? [] : [`find ${detect.toFixed(0)} ms`];
  return [...stages, `read ${recognize.toFixed(0)} ms`, `in all ${total.toFixed(0)} ms`].join(" · ");
}

// What there is to say above the picture. It does not change with the slider, which would else move under the pointer.
function describeState() {
  const value = view.value;
  const hidden = value.regions.length; // where none is shown at first
  card.dataset.state = hidden ? "full" : "none";
  const isEmpty = countFrom(value.threshold) === 0;
  const lower = hidden === 1 ? "One place may be a word: lower the score below the picture to see it."
    : `${hidden} places may be words: lower the score below the picture to see them.`;
  part("notice").textContent = [isEmpty && NO_TEXT, isEmpty && hidden && lower, value.hint].filter(Boolean).join(" ");
}

function show() {
  const value = props.value && props.value.kind ? props.value : null;
  const isNew = value !== view.value;
  Object.assign(view, { value: null, layout: null, order: [], chosen: -1, outlines: [], halos: [], rows: [], lines: [] });
  if (!value || value.kind === "failure") {
    card.dataset.state = value ? "failure" : "empty";
    part("notice").textContent = value ? value.message : "";
    return;
  }
  view.value = value;
  drawStage(value);
  drawList(value);
  describeState();
  startScore(value);
  part("timings").textContent = describeTimings(value);
  if (isNew && window.innerWidth < 720) card.scrollIntoView({ block: "start", behavior: "smooth" });
}

part("threshold").addEventListener("input", recolour);
