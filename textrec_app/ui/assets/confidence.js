// What a wished precision keeps, and what may be promised of it. Nothing is read again while the slider moves.
// This file holds the view and the words; confidence_plots.js draws, in the same function.
const { el, svg, call, toast, percent } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-confidence");
const wish = () => Number(part("slider").value) / 100;
let view = null;
let asked = 0;

function drawSplit() {
  const pair = (name, value) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }));
  const promised = view.promise ? view.promise.promised : null;
  part("split").replaceChildren(
    pair("kept", view.kept),
    pair("waiting", view.waiting),
    pair("expected right", view.expected_precision === null ? "–" : percent(view.expected_precision)),
    view.promise ? pair("promised", promised === null ? "nothing" : percent(promised)) : "",
  );
  part("split").dataset.kept = view.kept;
  part("split").dataset.waiting = view.waiting;
  part("note").textContent = view.total && (view.curve || []).length ? describeMargin(view.promise) : describe();
  part("apply").disabled = !view.total;
}

function drawPromise() {
  const promise = view.promise;
  part("promise-frame").hidden = !view.total;
  part("promise-frame").dataset.holds = promise && (promise.promised ?? 0) >= promise.wished - 1e-9 ? "yes" : "no";
  part("promise").textContent = promise ? promise.sentence : `${view.kept} of ${view.total} kept.`;
}

function describeMargin(promise) {
  const source = promise.source === "decisions" ? "Measured on your decisions." : "Measured when the model was made.";
  if (promise.shift < 0.05) return `${source} These pictures are like those it was measured on.`;
  const strange = promise.shift < 0.35 ? "somewhat" : promise.shift < 0.7 ? "rather" : "quite";
  const margin = promise.margin > 0.0005 ? ` so ${(promise.margin * 100).toFixed(1)} points more are demanded.` : "";
  return `${source} These pictures are ${strange} unlike those it was measured on (shift ${promise.shift.toFixed(2)} of 1)${margin ? "," + margin : "."}`;
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
  drawPromise();
  drawSplit();
  drawCurve();
  drawReliability();
  drawHistogram();
}

async function ask(name) {
  const turn = ++asked;
  try {
    const answer = await call(name, [wish()]);
    if (turn !== asked) return false;
    view = answer;
    draw();
    window.textrec.minPrecision = wish();
    window.dispatchEvent(new CustomEvent("textrec:confidence"));
    return true;
  } catch (error) {
    toast(error.message, "bad");
    return false;
  }
}

let soon = 0;
part("slider").addEventListener("input", () => {
  part("wish").textContent = (wish() * 100).toFixed(1).replace(/\.0$/, "") + " %";
  clearTimeout(soon);
  soon = setTimeout(() => ask("confidence_view"), 80);
});
part("apply").addEventListener("click", async () => {
  clearTimeout(soon); // what the slider still wants to ask would overtake the answer
  if (await ask("apply_precision")) toast(`${view.kept} kept, ${view.waiting} waiting.`);
});
part("teach").addEventListener("click", () => (location.hash = "#train"));
watch("value", () => {
  if (props.value && props.value.min_precision) part("slider").value = (props.value.min_precision * 100).toFixed(1);
  ask("confidence_view");
});
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && ask("confidence_view"), { rootMargin: "700px" }).observe(element);
draw();
