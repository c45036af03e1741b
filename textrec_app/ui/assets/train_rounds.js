// Rounds of learning: for each frozen set a line from before to after, the verdict above, kept and waiting words below.
const { el, svg, call } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const tenth = (value) => (value * 100).toFixed(1) + " %";
const MARKS = {
  circle: (x, y) => svg("circle", { cx: x, cy: y, r: 5 }),
  square: (x, y) => svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9 }),
  diamond: (x, y) => svg("path", { d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` }),
  triangle: (x, y) => svg("path", { d: `M${x} ${y - 6}l6 10h-12z` }),
};
const SHAPES = ["circle", "square", "diamond", "triangle"];
const VERDICTS = { promoted: "✓ better", rejected: "✗ rejected", overruled: "✓ overruled" };
const verdictOf = (round) => VERDICTS[round.verdict] || round.state;

function findSets(rounds) {
  return [...new Set(rounds.flatMap((round) => round.sets.map((set) => set.name)))].slice(0, SHAPES.length);
}

function findRange(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = Math.max(0.05, (high - low) * 0.15);
  return [Math.max(0, Math.floor((low - spread) * 20) / 20), Math.min(1, Math.ceil((high + spread) * 20) / 20)];
}

function drawSet(frame, x, set, place, names) {
  const at = x + place;
  const [before, after] = [frame.y(set.before), frame.y(set.after)];
  const shape = MARKS[SHAPES[names.indexOf(set.name)]];
  const group = svg("g", { class: "tr-round-set", "data-set": names.indexOf(set.name) }, svg("line", { x1: at, x2: at, y1: before, y2: after }));
  const [hollow, filled] = [shape(at, before), shape(at, after)];
  hollow.classList.add("is-before");
  group.append(hollow, filled);
  return group;
}

function drawStore(frame, x, round, width) {
  const total = round.kept + round.waiting;
  if (!total) return [];
  const y = frame.bottom + 46;
  const kept = (round.kept / total) * width;
  return [
    svg("rect", { x: x - width / 2, y, width: kept, height: 8, rx: 3, class: "is-kept" }),
    svg("rect", { x: x - width / 2 + kept, y, width: width - kept, height: 8, rx: 3, class: "is-waiting" }),
    svg("text", { x, y: y + 22, "text-anchor": "middle", text: `${round.kept} + ${round.waiting}` }),
  ];
}

function describeSet(round, set) {
  const delta = set.after - set.before;
  const change = `${delta > 0 ? "+" : delta < 0 ? "−" : "±"}${Math.abs(delta * 100).toFixed(1)}`;
  return `${round.title}, ${set.name}: ${tenth(set.before)} before, ${tenth(set.after)} after (${change}). ${verdictOf(round)}; ${round.kept} kept, ${round.waiting} waiting.`;
}

function drawRoundsTable(rounds, names) {
  const cell = (text) => el("td", { class: "tr-number", text });
  const head = ["Round", "Verdict", ...names.map((name) => `${name}, before → after`), "Kept", "Waiting"];
  const rows = rounds.map((round) =>
    el("tr", {}, el("th", { scope: "row", text: round.title }), el("td", { text: verdictOf(round) }),
      names.map((name) => {
        const set = round.sets.find((item) => item.name === name);
        return cell(set ? `${tenth(set.before)} → ${tenth(set.after)}` : "–");
      }), cell(round.kept), cell(round.waiting)));
  return el("table", { class: "tr-table" }, el("caption", { class: "tr-visually-hidden", text: "Rounds of learning" }),
    el("thead", {}, el("tr", {}, head.map((text, index) => el("th", { scope: "col", class: index > 1 ? "tr-number" : null, text })))), el("tbody", {}, rows));
}

function drawRounds(rounds, message) {
  const measured = rounds.filter((round) => round.sets.length);
  part("rounds-frame").hidden = !measured.length;
  if (!measured.length) return;
  const names = findSets(measured);
  const usable = measured.map((round) => ({ ...round, sets: round.sets.filter((set) => names.includes(set.name)) }));
  const y = findRange(usable.flatMap((round) => round.sets.flatMap((set) => [set.before, set.after])));
  const place = (set) => (names.indexOf(set.name) - (names.length - 1) / 2) * 16;
  const last = usable.at(-1);
  const says = `${last.title}: ${verdictOf(last)}. Hollow marks are before, filled ones after the round.`;
  part("rounds-message").textContent = message;
  window.textrecPlot.draw(part("rounds"), {
    height: 270, margin: { bottom: 90, top: 30 }, x: [0.5, usable.length + 0.5], y, says, xTitle: "words kept + waiting before the round",
    label: `Rounds of learning, before and after each. ${says}`, xTicks: usable.map((_, index) => index + 1), writeX: (value) => usable[value - 1].title,
    points: usable.flatMap((round, index) => round.sets.map((set) => ({ x: index + 1 + (place(set) / 16) * 0.08, y: set.after, text: describeSet(round, set) }))),
    layers: (frame) => usable.map((round, index) => {
      const x = frame.x(index + 1);
      return svg("g", { class: "tr-round", "data-verdict": round.verdict || "" },
        svg("text", { x, y: 16, "text-anchor": "middle", class: "tr-plot-note", text: verdictOf(round) }),
        round.sets.map((set) => drawSet(frame, x, set, place(set), names)),
        drawStore(frame, x, round, Math.min(90, (frame.inner.width / usable.length) * 0.7)));
    }),
  });
  part("rounds-legend").replaceChildren(...names.map((name, index) =>
    el("li", {}, svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": true, class: "tr-round-set", "data-set": index }, MARKS[SHAPES[index]](8, 8)), el("span", { text: name }))));
  part("rounds-table").replaceChildren(drawRoundsTable(usable, names));
}
