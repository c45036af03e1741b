// One checkpoint against the one it was measured against: frozen sets with 95 % intervals, verdict, samples, lineage.
const { el, svg, call } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-model-card");
let shown = null;
const points = (value) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${Math.abs(value * 100).toFixed(1)}`;
const share = (value) => (value * 100).toFixed(1) + " %";

// A line from the low to the high end of the interval, with the difference as a dot; the middle of the drawing is "no change".
function drawInterval(row, reach) {
  const x = (value) => 60 + (value / reach) * 56;
  const sign = row.ci_low > 0 ? "up" : row.ci_high < 0 ? "down" : "same";
  return svg(
    "svg",
    { viewBox: "0 0 120 16", class: "tr-interval", "data-sign": sign, role: "img", "aria-label": `95 % interval ${points(row.ci_low)} to ${points(row.ci_high)} points` },
    svg("line", { x1: 60, x2: 60, y1: 1, y2: 15, class: "tr-interval-zero" }),
    svg("line", { x1: x(row.ci_low), x2: x(row.ci_high), y1: 8, y2: 8, class: "tr-interval-range" }),
    svg("circle", { cx: x(row.delta), cy: 8, r: 4 }),
  );
}

function drawSets(rows) {
  if (!rows.length) return [];
  const reach = Math.max(0.02, ...rows.flatMap((row) => [Math.abs(row.ci_low), Math.abs(row.ci_high), Math.abs(row.delta)]));
  const head = ["Frozen set", "Words", "Before", "After", "Change", "95 % interval"];
  const body = rows.map((row) =>
    el(
      "tr",
      { class: row.is_slice ? "tr-slice" : null },
      el("th", { scope: "row", text: row.title }),
      [row.n, share(row.before), share(row.after)].map((text) => el("td", { class: "tr-number", text })),
      el("td", { class: "tr-number", "data-sign": row.delta > 0 ? "up" : row.delta < 0 ? "down" : "same", text: points(row.delta) }),
      el("td", {}, drawInterval(row, reach)),
    ),
  );
  const columns = head.map((text, index) => el("th", { scope: "col", class: index && index < 5 ? "tr-number" : null, text }));
  return [el("table", { class: "tr-table" }, el("thead", {}, el("tr", {}, columns)), el("tbody", {}, body))];
}

// The words that a comparison or the job behind this checkpoint read differently.
async function drawSamples(value) {
  const wanted = (shown = value);
  part("samples").replaceChildren();
  let changes = value.changes;
  try {
    if (!changes && value.job) changes = await call("get_changes", [value.job]);
  } catch (error) {
    console.warn("TextRec: the changed readings did not come.", error);
  }
  const drawn = changes && window.textrecChanges.draw(changes);
  if (drawn && shown === wanted) part("samples").replaceChildren(drawn);
}

function show() {
  const value = props.value && props.value.name ? props.value : null;
  card.dataset.state = value ? "full" : "empty";
  if (!value) return;
  part("name").textContent = value.name;
  part("state").textContent = value.state === "active" ? "in use" : value.state;
  part("state").dataset.model = value.state;
  part("verdict").dataset.verdict = value.verdict || "";
  part("verdict").replaceChildren(
    ...(value.headline ? [el("h3", { text: value.headline })] : []),
    ...(value.sentences.length ? [el("ul", {}, value.sentences.map((text) => el("li", { text })))] : []),
  );
  part("sets").replaceChildren(...drawSets(value.sets));
  part("checks").replaceChildren(...value.checks.map((check) => el("li", { "data-passed": check.passed ? "yes" : "no", text: check.sentence })));
  drawSamples(value);
  part("facts").replaceChildren(...value.facts.flatMap(([name, text]) => [el("dt", { text: name }), el("dd", { text })]));
}

watch("value", show);
queueMicrotask(show);
