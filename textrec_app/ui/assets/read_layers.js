
// What can be laid over the picture. The choice stays while the page is open; heat maps are put in when first wanted.
const LAYERS = {
  words: ["Words", "Outlines of the words"],
  characters: ["Characters", "A box round each character"],
  directions: ["Directions", "An arrow in each word's reading direction"],
  lines: ["Lines", "Words that make a line, numbered as they are read"],
  blocks: ["Blocks", "Lines that make a paragraph, numbered as they are read"],
  "word-heat": ["Word heat", "Where the detector sees the middle of words"],
  "character-heat": ["Character heat", "Where the detector sees characters"],
};
const HEATS = { "word-heat": "words", "character-heat": "characters" };
const MARK_PX = [7, 11]; // half the height of a number's plate on the screen, for small lines and for large
const LINE_AWAY_PX = 3;
const BLOCK_AWAY_PX = 8;
const isOn = { words: true };

const layer = (name) => part("stage").querySelector(`[data-layer="${name}"]`);
// How many pixels of the picture one pixel of the screen shows.
const unit = () => view.value.width / (part("stage").querySelector("svg").getBoundingClientRect().width || view.value.width);

function hasLayer(name) {
  const { value } = view;
  if (name in HEATS) return Boolean(value.maps[HEATS[name]]);
  return name === "words" || name === "directions" || name === "characters" || !value.is_word;
}

function drawLayerChips() {
  part("layers").replaceChildren(
    ...Object.entries(LAYERS).map(([name, [text, title]]) =>
      hasLayer(name) &&
      el(
        "button",
        {
          type: "button", class: "tr-chip", "data-layer-name": name, title, "aria-pressed": isOn[name] ? "true" : "false",
          onclick: () => switchLayer(name),
        },
        el("i", { "aria-hidden": true }),
        el("span", { text }),
      ),
    ).filter(Boolean),
  );
}

function switchLayer(name) {
  isOn[name] = !isOn[name];
  part("layers").querySelector(`[data-layer-name="${name}"]`).setAttribute("aria-pressed", isOn[name] ? "true" : "false");
  drawLayers();
}

// Draws what is switched on, for the words that are shown.
function drawLayers() {
  const { value, layout } = view;
  const drawn = { characters: drawCharacters, directions: drawDirections, lines: drawLines, blocks: drawBlocks };
  part("stage").querySelector(".tr-outlines").classList.toggle("is-off", !isOn.words);
  part("stage").querySelector(".tr-halo").classList.toggle("is-off", !isOn.words);
  for (const [name, map] of Object.entries(HEATS)) {
    const wanted = isOn[name] && value.maps[map];
    if (!wanted) layer(name).replaceChildren();
    else if (!layer(name).firstChild) {
      layer(name).append(svg("image", { href: wanted, width: value.width, height: value.height, preserveAspectRatio: "none" }));
    }
  }
  layer("numbers").replaceChildren();
  for (const [name, draw] of Object.entries(drawn)) layer(name).replaceChildren(...(isOn[name] && hasLayer(name) ? draw(layout) : []));
}

const corners = (points) => points.split(" ").map((pair) => pair.split(",").map(Number));

// Directions of a quad, from its text's top-left corner: along the text and down, as unit vectors.
function axes([first, second, third, last]) {
  const between = (from, to) => {
    const step = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(...step) || 1;
    return step.map((side) => side / length);
  };
  return [between(first, second), between(first, last)];
}

// An outline a little outside, so that those of words, lines and blocks stay apart.
function grown(points, byPx) {
  const quad = corners(points);
  if (quad.length !== 4) return points;
  const [along, down] = axes(quad);
  const by = byPx * unit();
  const signs = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
  return quad.map(([x, y], at) => [0, 1].map((axis) => (axis ? y : x) + by * (signs[at][0] * along[axis] + signs[at][1] * down[axis])).map((side) => side.toFixed(1)).join(",")).join(" ");
}

// The middle of a block's plate: above its first corner, clear of the numbers of its lines.
function above([first, ...others], wide, half) {
  const [along, down] = axes([first, ...others]);
  const up = (BLOCK_AWAY_PX + 2) * unit() + half;
  return [0, 1].map((axis) => first[axis] + wide * along[axis] - up * down[axis]);
}

const doubled = (points) => [...polygons([points], { class: "tr-under" }), ...polygons([points])];
const drawCharacters = () => view.order.flatMap((index) => polygons(view.value.regions[index].boxes));

function drawLines(layout) {
  const lines = layout.blocks.flatMap((block) => block.lines);
  lines.forEach((line, at) => addNumber(line.points, at + 1, "line"));
  return lines.flatMap((line) => doubled(grown(line.points, LINE_AWAY_PX)));
}

function drawBlocks(layout) {
  layout.blocks.forEach((block, at) => addNumber(block.points, at + 1, "block"));
  return layout.blocks.flatMap((block) => doubled(grown(block.points, BLOCK_AWAY_PX)));
}

// A number on a plate: of a line before its beginning, of a block above its first corner. It stays inside the picture.
function addNumber(points, number, kind) {
  const quad = corners(points);
  const [first, , , last] = quad;
  const height = Math.hypot(last[0] - first[0], last[1] - first[1]);
  const half = kind === "line" ? Math.min(Math.max(MARK_PX[0] * unit(), 0.6 * height), MARK_PX[1] * unit()) : MARK_PX[1] * unit();
  const wide = half * (1 + 0.35 * (String(number).length - 1));
  const [along] = axes(quad);
  const away = wide + (LINE_AWAY_PX + 2) * unit();
  const at = kind === "line" ? [0, 1].map((axis) => (first[axis] + last[axis]) / 2 - away * along[axis]) : above(quad, wide, half);
  const x = Math.min(Math.max(at[0], wide), view.value.width - wide);
  const y = Math.min(Math.max(at[1], half), view.value.height - half);
  const plate = { x: -wide, y: -half, width: 2 * wide, height: 2 * half, rx: kind === "line" ? half : half / 3 };
  const text = svg("text", { "font-size": half * 1.25, "text-anchor": "middle", "dominant-baseline": "central", text: number });
  layer("numbers").append(svg("g", { class: "tr-number-mark", "data-kind": kind, transform: `translate(${x} ${y})` }, svg("rect", plate), text));
}

// Along the foot of a word, in its reading direction; long enough to be seen, no longer than the word.
function drawDirections() {
  return view.order.flatMap((index) => {
    const points = arrow(corners(view.value.regions[index].points), unit());
    return [svg("polyline", { points, class: "tr-under" }), svg("polyline", { points, "data-word": index })];
  });
}

function arrow(quad, scale) {
  const [first, second, third, last] = quad;
  const between = (one, other) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
  const [start, end] = [between(first, last), between(second, third)];
  const middle = between(third, last);
  const length = Math.hypot(end[0] - start[0], end[1] - start[1]) || 1;
  const [dx, dy] = [(end[0] - start[0]) / length, (end[1] - start[1]) / length];
  const height = Math.hypot(last[0] - first[0], last[1] - first[1]);
  const reach = Math.min(Math.max(1.2 * height, 14 * scale), Math.max(length, 14 * scale), 44 * scale) / 2;
  const head = Math.min(0.6 * reach, 7 * scale);
  const at = (forth, aside) => `${(middle[0] + dx * forth - dy * aside).toFixed(1)},${(middle[1] + dy * forth + dx * aside).toFixed(1)}`;
  return [at(-reach, 0), at(reach, 0), at(reach - head, -head), at(reach, 0), at(reach - head, head)].join(" ");
}

new ResizeObserver(() => view.layout && drawLayers()).observe(part("stage"));
