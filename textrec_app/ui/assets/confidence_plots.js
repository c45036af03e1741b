// The three plots of the confidence card. Runs in the same function as confidence.js, before it.
const share = (value) => (value * 100).toFixed(1).replace(/\.0$/, "") + " %";
const isNumber = (value) => typeof value === "number";

function describePoint(point) {
  const lower = isNumber(point.lower) ? `, promised ${share(point.lower)}` : "";
  return `Keep ${share(point.coverage)} (from confidence ${share(Math.min(1, point.threshold))}): expected right ${share(point.precision)}${lower}.`;
}

// What is kept now; the slider moves it. Its precision is the expected one.
function findOperating() {
  const coverage = view.total ? view.kept / view.total : 0;
  const expected = view.promise && isNumber(view.promise.expected) ? view.promise.expected : view.expected_precision;
  return { coverage, precision: expected, lower: view.promise ? view.promise.promised : null, threshold: view.threshold };
}

// Where nothing was measured to promise from: what the confidences themselves lead to expect, bin by bin.
function expectCurve() {
  const points = [];
  let [kept, sum] = [0, 0];
  for (let index = view.counts.length - 1; index >= 0; index -= 1) {
    kept += view.counts[index];
    sum += (view.counts[index] * (view.bin_edges[index] + view.bin_edges[index + 1])) / 2;
    if (view.counts[index]) points.push({ threshold: view.bin_edges[index], coverage: kept / view.total, precision: sum / kept, lower: null });
  }
  return points;
}

function drawCurve() {
  const measured = (view.curve || []).length > 1 ? view.curve : expectCurve();
  const points = measured.filter((point) => isNumber(point.precision)).sort((left, right) => left.coverage - right.coverage);
  part("curve-frame").hidden = !points.length;
  if (!points.length) return;
  const now = findOperating();
  const lowest = Math.min(view.min_precision, ...points.map((point) => point.precision));
  const floor = Math.max(0, Math.min(0.95, Math.floor((lowest - 0.01) * 20) / 20));
  const bounded = points.filter((point) => isNumber(point.lower)).map((point) => [point.coverage, Math.max(floor, point.lower)]);
  const says = isNumber(now.precision) ? `Now: ${describePoint(now)}` : "Now nothing is kept.";
  window.textrecPlot.draw(part("curve"), {
    height: 220, x: [0, 1], y: [floor, 1], xTitle: "readings kept", says,
    label: `Precision against coverage. ${says} ${share(view.min_precision)} are wished.`,
    start: points.findIndex((point) => point.coverage >= now.coverage - 1e-9),
    points: points.map((point) => ({ x: point.coverage, y: point.precision, text: describePoint(point) })),
    layers: (frame) => [
      svg("line", { x1: frame.margin.left, x2: frame.right, y1: frame.y(view.min_precision), y2: frame.y(view.min_precision), class: "tr-curve-wish" }),
      svg("text", { x: frame.right, y: frame.y(view.min_precision) + 14, "text-anchor": "end", text: `wished ${share(view.min_precision)}` }),
      bounded.length > 1 && window.textrecPlot.path(frame, bounded, { class: "tr-curve-lower" }),
      window.textrecPlot.path(frame, points.map((point) => [point.coverage, point.precision]), { class: "tr-curve-expected" }),
      isNumber(now.lower) && svg("line", { x1: frame.x(now.coverage), x2: frame.x(now.coverage), y1: frame.y(now.precision), y2: frame.y(now.lower), class: "tr-curve-gap" }),
      svg("circle", { cx: frame.x(now.coverage), cy: frame.y(isNumber(now.precision) ? now.precision : 1), r: 6, class: isNumber(now.precision) ? "tr-curve-now" : "tr-curve-now is-empty", "data-coverage": now.coverage.toFixed(3) }),
    ],
  });
}

function drawReliability() {
  const bins = view.reliability || [];
  part("reliability-frame").hidden = !bins.length;
  if (!bins.length) return;
  const total = bins.reduce((sum, bin) => sum + bin.n, 0);
  const error = bins.reduce((sum, bin) => sum + (bin.n / total) * Math.abs(bin.confidence - bin.accuracy), 0);
  const most = Math.max(...bins.map((bin) => bin.n));
  const source = view.reliability_source === "decisions" ? "your reviewed words" : "the words the model was measured on";
  const says = `${total} of ${source}; sure and right differ by ${(error * 100).toFixed(1)} points on average.`;
  const tell = (bin) => `Sure ${share(bin.lower)} to ${share(bin.upper)}: ${bin.n} words, on average ${share(bin.confidence)} sure, ${share(bin.accuracy)} right.`;
  window.textrecPlot.draw(part("reliability"), {
    height: 220, x: [0, 1], y: [0, 1], xTitle: "how sure it was", says, yTicks: [0, 0.5, 1],
    label: `Reliability diagram: how often it was right, against how sure it was. ${says}`,
    points: bins.map((bin) => ({ x: bin.confidence, y: bin.accuracy, text: tell(bin) })),
    layers: (frame) => [
      bins.map((bin) => {
        const height = Math.max(1, (bin.n / most) * frame.inner.height * 0.3);
        return svg("rect", { x: frame.x(bin.lower) + 1, width: Math.max(1, frame.x(bin.upper) - frame.x(bin.lower) - 2), y: frame.bottom - height, height, class: "tr-reliability-count" });
      }),
      svg("line", { x1: frame.x(0), y1: frame.y(0), x2: frame.x(1), y2: frame.y(1), class: "tr-reliability-ideal" }),
      bins.map((bin) => svg("line", { x1: frame.x(bin.confidence), x2: frame.x(bin.confidence), y1: frame.y(bin.confidence), y2: frame.y(bin.accuracy), class: "tr-reliability-gap" })),
      bins.map((bin) => svg("circle", { cx: frame.x(bin.confidence), cy: frame.y(bin.accuracy), r: 3 + 4 * Math.sqrt(bin.n / most), class: "tr-reliability-dot" })),
      frame.inner.width / bins.length > 26 && bins.map((bin) => svg("text", { x: frame.x((bin.lower + bin.upper) / 2), y: frame.bottom - Math.max(1, (bin.n / most) * frame.inner.height * 0.3) - 3, "text-anchor": "middle", text: bin.n })),
    ],
  });
}

function drawHistogram() {
  const edges = view.bin_edges;
  const top = Math.max(1, ...view.counts);
  const says = `${view.kept} of ${view.total} lie above the threshold of ${share(Math.min(1, view.threshold))}.`;
  const middle = (index) => (edges[index] + edges[index + 1]) / 2;
  window.textrecPlot.draw(part("histogram"), {
    height: 150, x: [0, 1], y: [0, top], xTitle: "confidence", says, label: `Confidence of ${view.total} readings; ${says}`,
    yTicks: [0, top], write: (value) => String(Math.round(value)), writeX: share,
    points: view.counts.map((count, index) => ({ x: middle(index), y: count, text: `Confidence ${share(edges[index])} to ${share(edges[index + 1])}: ${count} readings.` })),
    layers: (frame) => [
      view.counts.map((count, index) => {
        const split = Math.min(edges[index + 1], Math.max(edges[index], view.threshold));
        const bar = (from, to, name) => to > from && svg("rect", { x: frame.x(from) + 1, width: Math.max(1, frame.x(to) - frame.x(from) - 1), y: frame.y(count) - (count ? 1 : 0), height: frame.bottom - frame.y(count) + (count ? 1 : 0), class: name });
        return [bar(edges[index], split, "is-waiting"), bar(split, edges[index + 1], "is-kept")];
      }),
      svg("line", { x1: frame.x(view.threshold), x2: frame.x(view.threshold), y1: frame.margin.top, y2: frame.bottom, class: "tr-threshold-line" }),
    ],
  });
}
