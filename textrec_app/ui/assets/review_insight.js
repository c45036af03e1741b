// The two cards below the review card: the random check of what was kept, and what more decisions are worth.
const { el, svg, call, toast, isShown, RefusedError } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const button = (name) => element.querySelector(`[data-action="${name}"]`);
const inPercent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;
const AHEAD = 50;
const SETTLE_MS = 2500;

function showAudit(view) {
  const isJudged = view.ci_low !== null;
  const left = view.size - view.decided - view.early;
  part("audit-sentence").textContent = view.sentence;
  part("audit-number").hidden = part("audit-scale").hidden = !isJudged;
  button("check").hidden = !left;
  button("check").textContent = `${view.decided ? "Go on with" : "Check"} the sample (${left})`;
  button("draw").disabled = !view.kept_now;
  button("draw").textContent = view.audit_id === null ? `Draw a sample of ${Math.min(60, view.kept_now || 60)}` : "Draw a new sample";
  if (isJudged) showRange(view);
}

function showRange(view) {
  const floor = Math.min(0.9, Math.floor(view.ci_low * 10) / 10);
  const place = (value) => `${(100 * (value - floor)) / (1 - floor)}%`;
  part("audit-number").replaceChildren(
    el("b", { text: `${inPercent(view.ci_low)} – ${inPercent(view.ci_high)}` }), el("span", { text: ` right, from ${view.decided} of ${view.size}` }));
  part("audit-range").style.left = place(view.ci_low);
  part("audit-range").style.right = `calc(100% - ${place(view.ci_high)})`;
  part("audit-mark").hidden = view.precision === null;
  part("audit-mark").style.left = place(view.precision ?? 0);
  part("audit-scale").dataset.from = inPercent(floor, 0);
  part("audit-scale").setAttribute("aria-label", `Between ${inPercent(view.ci_low)} and ${inPercent(view.ci_high)} right`);
}

function showCurve(curve) {
  const canTell = curve.gain_per_50 !== null;
  part("curve-sentence").textContent = curve.sentence;
  part("curve-number").hidden = !canTell;
  part("curve-plot").hidden = curve.points.length < 2;
  if (canTell) part("curve-number").replaceChildren(
    el("b", { text: `+${(100 * curve.gain_per_50).toFixed(1)} points` }), el("span", { text: ` for the next ${AHEAD} decisions` }));
  if (curve.points.length > 1) drawCurve(curve);
}

function drawCurve(curve) {
  const last = curve.points.at(-1);
  const next = curve.gain_per_50 === null ? null : { decisions: last.decisions + AHEAD, accuracy: Math.min(1, last.accuracy + curve.gain_per_50) };
  const shown = next ? [...curve.points, next] : curve.points;
  const lowest = Math.min(...shown.map((point) => point.accuracy));
  const pairs = (points) => points.map((point) => [point.decisions, point.accuracy]);
  window.textrecPlot.draw(part("curve-plot"), {
    height: 190,
    x: [0, shown.at(-1).decisions],
    y: [Math.max(0, Math.floor(lowest * 20 - 0.2) / 20), 1],
    writeX: (value) => String(Math.round(value)),
    xTitle: "decisions",
    label: "Share of the words here that are right, against the number of decisions",
    layers: (frame) => [
      window.textrecPlot.path(frame, pairs(curve.points), { class: "tr-curve-line" }),
      next ? window.textrecPlot.path(frame, pairs([last, next]), { class: "tr-curve-next" }) : [],
      next ? svg("circle", { cx: frame.x(next.decisions), cy: frame.y(next.accuracy), r: 5, class: "tr-curve-goal" }) : [],
    ],
    points: shown.map((point) => ({ x: point.decisions, y: point.accuracy, text: `${point.decisions} decisions: ${inPercent(point.accuracy)} of the words here are right${point === next ? ", expected" : ""}` })),
    says: "Share of the words here that are right, by what is known now",
  });
}

async function look() {
  if (!isShown(element)) return;
  try {
    showAudit(await call("audit_view"));
    showCurve(await call("learning_curve"));
  } catch (error) {
    if (error instanceof RefusedError) toast(error.message, "bad"); // else nobody answered: the review card says so
  }
}

function check() {
  const view = document.querySelector('#review [data-part="view"]');
  view.value = "audit";
  view.dispatchEvent(new Event("change"));
  view.closest(".tr-review").scrollIntoView({ block: "start" });
}

async function draw() {
  try {
    showAudit(await call("start_audit", [60]));
    check();
  } catch (error) {
    toast(error.message, "bad");
  }
}

let soon = 0;
function lookSoon() {
  clearTimeout(soon);
  soon = setTimeout(look, SETTLE_MS);
}

button("check").addEventListener("click", check);
button("draw").addEventListener("click", draw);
window.textrecOutbox.subscribe((event) => element.isConnected && event.type === "settled" && lookSoon());
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && look()).observe(element);
