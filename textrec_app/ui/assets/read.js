// The picture and its outlined words; the list beside it is in read_list.js, which runs in the same function.
const { el, svg, toast, percent, grade, copy, download } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-reading");
const view = { value: null, chosen: -1, outlines: [], rows: [] };
const threshold = () => Number(part("threshold").value) / 100;

function drawStage(value) {
  view.outlines = value.regions.map((region, index) =>
    svg("polygon", {
      points: region.points,
      tabindex: index === 0 ? 0 : -1,
      role: "button",
      "aria-label": `Word ${index + 1}: ${region.text || "unreadable"}, ${percent(region.confidence)} sure`,
      onclick: () => choose(index),
      onkeydown: (event) => onStep(event, index, view.outlines),
      onpointerenter: () => hint(index, true),
      onpointerleave: () => hint(index, false),
    }),
  );
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${value.width} ${value.height}`, role: "group", "aria-label": `Words found in ${value.name}` },
    svg("image", { href: value.image, width: value.width, height: value.height }),
    svg("g", { class: "tr-halo", "aria-hidden": "true" }, value.regions.map((region) => svg("polygon", { points: region.points }))),
    svg("g", { class: "tr-outlines" }, view.outlines),
  );
  part("stage").replaceChildren(drawing);
}

function hint(index, isOn) {
  view.outlines[index]?.classList.toggle("is-hinted", isOn);
  view.rows[index]?.classList.toggle("is-hinted", isOn);
}

function recolour() {
  const limit = threshold();
  part("threshold-text").textContent = percent(limit);
  const counts = { good: 0, doubtful: 0, poor: 0 };
  (view.value?.regions || []).forEach((region, index) => {
    const name = grade(region.confidence, limit);
    counts[name] += 1;
    view.outlines[index].dataset.grade = name;
    view.rows[index].dataset.grade = name;
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
  view.outlines.forEach((outline, other) => mark(outline, other === index));
  view.rows.forEach((row, other) => mark(row, other === index));
  const row = view.rows[index];
  const list = part("list");
  list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2 + row.clientHeight / 2;
  trigger("select", { index });
}

function mark(node, isChosen) {
  node.classList.toggle("is-chosen", isChosen);
  node.setAttribute("aria-pressed", isChosen ? "true" : "false");
  node.setAttribute("tabindex", isChosen ? 0 : -1);
}

function onStep(event, index, nodes) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const last = nodes.length - 1;
  const target = { ArrowRight: index + 1, ArrowDown: index + 1, ArrowLeft: index - 1, ArrowUp: index - 1, Home: 0, End: last }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(index);
  else if (target === undefined) return;
  else nodes[Math.max(0, Math.min(last, target))].focus();
  event.preventDefault();
}

function describeTimings(value) {
  const { detect, recognize, total } = value.timings;
  const stages = value.is_word ? [] : [`find ${detect.toFixed(0)} ms`];
  return [...stages, `read ${recognize.toFixed(0)} ms`, `in all ${total.toFixed(0)} ms`].join(" · ");
}

function show() {
  const value = props.value && props.value.kind ? props.value : null;
  view.value = value && value.kind === "reading" ? value : null;
  view.chosen = -1;
  const state = !value ? "empty" : value.kind === "failure" ? "failure" : value.regions.length ? "full" : "none";
  card.dataset.state = state;
  const told = state === "failure" ? value.message : state === "none"
    ? "No text found in this picture. Go closer, use a sharper photo, or tick “This picture is one word” if it is a cut-out word." : "";
  part("notice").textContent = [told, value && value.hint].filter(Boolean).join(" ");
  view.outlines = [];
  view.rows = [];
  if (!view.value) return;
  drawStage(view.value);
  drawList(view.value);
  recolour();
  part("timings").textContent = describeTimings(view.value);
  if (window.innerWidth < 720) card.scrollIntoView({ block: "start", behavior: "smooth" });
}

part("threshold").addEventListener("input", recolour);
watch("value", show);
queueMicrotask(show);
