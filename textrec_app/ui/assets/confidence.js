// Histogram of confidences, and what a wished precision makes of them. Nothing is read again while the slider moves.
const { el, svg, call, toast, percent } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-confidence");
const wish = () => Number(part("slider").value) / 100;
const WIDTH = 400;
const HEIGHT = 120;
let view = null;
let asked = 0;

function drawHistogram() {
  const top = Math.max(1, ...view.counts);
  const step = WIDTH / view.counts.length;
  const bars = view.counts.map((count, index) => {
    const height = count ? Math.max(2, (count / top) * HEIGHT) : 0;
    const isKept = view.bin_edges[index] >= view.threshold - 1e-9;
    return svg("rect", { x: index * step + 1, y: HEIGHT - height, width: step - 2, height, class: isKept ? "is-kept" : "is-waiting" });
  });
  const at = Math.min(1, view.threshold) * WIDTH;
  const line = svg("line", { x1: at, x2: at, y1: 0, y2: HEIGHT, class: "tr-threshold-line" });
  const label = `Confidence of ${view.total} readings; ${view.kept} lie above the threshold of ${percent(Math.min(1, view.threshold))}`;
  part("histogram").replaceChildren(
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, preserveAspectRatio: "none" }, bars, line),
    el("div", { class: "tr-axis", "aria-hidden": true }, el("span", { text: "unsure" }), el("span", { text: "confidence" }), el("span", { text: "sure" })),
  );
}

function drawSplit() {
  const pair = (name, value) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }));
  part("split").replaceChildren(
    pair("kept", view.kept),
    pair("waiting", view.waiting),
    pair("expected right", view.expected_precision === null ? "–" : percent(view.expected_precision)),
  );
  part("split").dataset.kept = view.kept;
  part("split").dataset.waiting = view.waiting;
  part("note").textContent = describe();
  part("apply").disabled = !view.total;
}

function describe() {
  if (!view.total) return "No undecided readings. Harvest pictures first.";
  if (view.kept) return "";
  const best = view.best_precision;
  if (best !== null && best < wish()) {
    return `This model can promise at most ${percent(best)}. Ask for that or less, or review the ${view.waiting} that wait.`;
  }
  return `This model is never that sure here. Ask for less, or review the ${view.waiting} that wait.`;
}

function draw() {
  part("wish").textContent = (wish() * 100).toFixed(1).replace(/\.0$/, "") + " %";
  if (!view) return;
  card.dataset.state = view.total ? "full" : "empty";
  drawHistogram();
  drawSplit();
}

async function ask(name) {
  const turn = ++asked;
  try {
    const answer = await call(name, [wish()]);
    if (turn !== asked) return false;
    view = answer;
    draw();
    return true;
  } catch (error) {
    toast(error.message, "bad");
    return false;
  }
}

let soon = 0;
part("slider").addEventListener("input", () => {
  draw();
  clearTimeout(soon);
  soon = setTimeout(() => ask("confidence_view"), 80);
});
part("apply").addEventListener("click", async () => {
  clearTimeout(soon); // what the slider still wants to ask would overtake the answer
  if (await ask("apply_precision")) toast(`${view.kept} kept, ${view.waiting} waiting.`);
});
watch("value", () => {
  if (props.value && props.value.min_precision) part("slider").value = (props.value.min_precision * 100).toFixed(1);
  ask("confidence_view");
});
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && ask("confidence_view")).observe(element);
draw();
