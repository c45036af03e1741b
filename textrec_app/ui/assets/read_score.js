
// Which words are shown: those that the detector found with a score from the slider's. They are all read already; the
// page hides and shows them at once, and asks only how the shown words make lines and blocks, once for each number of words.
const ASK_AFTER_MS = 120;
let known = new Map(); // number of words shown -> layout
let asking = 0;

function startScore(value) {
  known = new Map(value.layouts.map((layout) => [layout.count, layout]));
  const slider = part("score");
  part("score-field").hidden = value.is_word;
  slider.min = value.floor;
  slider.value = value.threshold;
  drawLayerChips();
  setScore(value.threshold);
}

const countFrom = (score) => view.value.regions.filter((region) => region.score >= score).length;

function setScore(score) {
  const count = countFrom(score);
  view.score = score;
  part("score-text").textContent = score.toFixed(2);
  part("score").setAttribute("aria-valuetext", `${score.toFixed(2)}: ${count} of ${view.value.regions.length} words`);
  part("score-reset").textContent = `Back to ${view.value.threshold.toFixed(2)}`;
  part("score-reset").hidden = score === view.value.threshold;
  clearTimeout(asking);
  if (known.has(count)) return place(known.get(count));
  place(narrow(score));
  asking = setTimeout(() => trigger("apply", { threshold: score }), ASK_AFTER_MS);
}

// The layout of more words, without those that are not shown: what stands there until the server's own comes.
function narrow(score) {
  const count = countFrom(score);
  const wider = known.get(Math.min(...[...known.keys()].filter((other) => other >= count)));
  const isShown = (index) => view.value.regions[index].score >= score;
  const lines = (block) =>
    block.lines.map((line) => ({ ...line, words: line.words.filter(isShown) })).filter((line) => line.words.length);
  const blocks = wider.blocks.map((block) => ({ ...block, lines: lines(block) })).filter((block) => block.lines.length);
  return { count, blocks, order: wider.order.filter(isShown), groups: null };
}

function place(layout) {
  view.layout = layout;
  view.order = layout.order;
  showOutlines(view.order);
  showRows(view.order);
  drawText(layout);
  drawLayers();
  recolour();
  markChosen();
}

part("score").addEventListener("input", () => {
  const wished = Number(part("score").value);
  setScore(Math.abs(wished - view.value.threshold) < 0.005 ? view.value.threshold : wished);
});
part("score-reset").addEventListener("click", () => {
  part("score").value = view.value.threshold;
  setScore(view.value.threshold);
  part("score").focus();
});
document.addEventListener("textrec:layout", (event) => {
  const { token, layout } = event.detail;
  if (!view.value || token !== view.value.token) return;
  known.set(layout.count, layout);
  if (layout.count === countFrom(view.score)) place(layout);
});
