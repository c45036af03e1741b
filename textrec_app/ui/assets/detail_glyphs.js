// What a network with a glyph branch shows of a word: both readings, a colour for each character, attention by steps.
// Recognised text enters through textContent and attributes only.
const STAGE_PX = 150; // height of a crop that is not too long for it
const THUMB_PX = 52;
const STEP_MS = 700;
const MOST_WARNINGS = 4;
const NO_GLYPH = { colour: "var(--tr-muted)", centre: null, drift: null };

const share = (value) => `${(Math.min(1, Math.max(0, value)) * 100).toFixed(1)}%`;
const veil = (address) => el("img", { class: "tr-veil", src: address, alt: "" });
const mark = (at, colour, text) => el("span", { class: "tr-rail-mark", style: `left:${share(at)};--tr-colour:${colour}`, text });

function readingsLine({ readings, agreement }, shown) {
  if (!readings.length) return null;
  const head = (reading) =>
    el(
      "span",
      { class: "tr-head" },
      el("span", { class: "tr-muted", text: reading.name }),
      el("b", { class: "tr-head-text", text: reading.text || "(nothing)" }),
      el("span", { class: "tr-muted", text: percent(reading.probability) }),
    );
  const verdict = agreement !== null && el("span", { class: "tr-badge", "data-grade": agreement ? "good" : "doubtful", text: agreement ? "Both agree" : "They differ" });
  const isThird = readings.every((reading) => reading.text !== shown);
  const note = isThird ? "each by itself; the text above was weighed by language and a second look" : "each by itself, not calibrated";
  return el("p", { class: "tr-heads" }, readings.map(head), verdict, el("span", { class: "tr-muted", text: note }));
}

const saveButton = (index) =>
  el("button", { type: "button", class: "tr-button tr-button-quiet tr-detail-save", text: "Pictures (zip)", onclick: () => trigger("download", { index }) });

function driftList(characters) {
  const told = characters.map((character) => character.drift).filter(Boolean);
  const rest = told.length - MOST_WARNINGS;
  const lines = rest > 1 ? [...told.slice(0, MOST_WARNINGS), `So it is with ${rest} more; ↔ marks them below.`] : told;
  return told.length > 0 && el("ul", { class: "tr-drifts" }, lines.map((text) => el("li", { text })));
}

// A heading, marks over the crop, the grey crop under its veils, marks below, a caption.
function stage({ aspect, glyphs }, { title, alt, rail, veils, feet, caption, tools }) {
  const width = `width:min(100%, ${(STAGE_PX * aspect).toFixed(0)}px)`;
  const crop = el("div", { class: "tr-layers", style: `aspect-ratio:${aspect}` }, el("img", { src: glyphs.grey, alt }), veils);
  return el(
    "section",
    {},
    el("h3", { text: title }),
    el("figure", { class: "tr-stage-figure" }, el("div", { style: width }, rail, crop, feet), caption),
    tools,
  );
}

const createRail = (...marks) => el("div", { class: "tr-rail", "aria-hidden": true, "data-crowd": marks.flat().length > 14 ? "yes" : "no" }, ...marks);

function glyphTile({ characters, glyphs, aspect }, index) {
  const [character, glyph, step] = [characters[index], glyphs.characters[index], glyphs.steps[index]];
  const place = `${share(glyph.centre ?? step.centre)} 50%`;
  const size = `${(THUMB_PX * aspect).toFixed(0)}px ${THUMB_PX}px`;
  const thumb = el("span", { class: "tr-thumb", style: `background-image:url(${glyph.glyph}),var(--tr-grey);background-size:${size};background-position:${place}` });
  const tile = tileButton(character, index, thumb);
  tile.style.setProperty("--tr-colour", glyph.colour);
  tile.classList.add("has-colour");
  if (glyph.drift) {
    tile.dataset.drift = "yes";
    tile.setAttribute("aria-label", `${tile.getAttribute("aria-label")}. ${glyph.drift}`);
  }
  return tile;
}

function glyphPanel(value) {
  const { glyphs, characters } = value;
  const found = glyphs.characters;
  body.style.setProperty("--tr-grey", `url(${glyphs.grey})`);
  const tiles = found.map((_, index) => glyphTile(value, index));
  const names = found.map((glyph, index) => (glyph.centre === null ? null : mark(glyph.centre, glyph.colour, spoken(characters[index].text))));
  const veils = found.map((glyph) => veil(glyph.glyph));
  const caption = el("figcaption", {});
  const steps = stepPlayer(value, (step) => tiles.forEach((tile, index) => tile.classList.toggle("is-step", index === step)));
  let chosen = null;

  function pick(index) {
    chosen = index;
    tiles.forEach((tile, other) => {
      tile.classList.toggle("is-chosen", other === index);
      tile.setAttribute("aria-pressed", other === index ? "true" : "false");
    });
    for (const nodes of [veils, names]) nodes.forEach((node, other) => node && node.classList.toggle("is-dimmed", index !== null && other !== index));
    caption.textContent = index === null ? "Choose a character below to see it alone." : aloneCaption(characters[index], found[index]);
    if (index !== null && steps) steps.go(index);
  }

  tiles.forEach((tile, index) => tile.addEventListener("click", () => pick(chosen === index ? null : index)));
  pick(null);
  const glyphStage = found.length > 0 && stage(value, {
    title: "Glyphs that the network found",
    alt: "The crop in grey; each character's glyph lies over it in a colour of its own",
    rail: createRail(names),
    veils,
    caption,
  });
  return { panel: el("div", {}, driftList(found), el("div", { class: "tr-stages" }, glyphStage, steps && steps.section)), tiles };
}

function aloneCaption(character, glyph) {
  const others = hint(character);
  const what = glyph.centre === null ? "No glyph was found for" : "The glyph of";
  return `${what} “${spoken(character.text)}”${others ? ` – or ${others}` : ""}`;
}

// Implicit attention: one step for each character and one for the end, by slider or played.
function stepPlayer(value, onStep) {
  const { glyphs, characters } = value;
  const steps = glyphs.steps;
  if (!steps.length) return null;
  const last = steps.length - 1;
  const heat = veil(steps[0].heat);
  const rail = createRail();
  const feet = el("div", { class: "tr-rail tr-rail-feet", "aria-hidden": true });
  const told = el("span", {});
  const key = el("span", { class: "tr-feet-key", "aria-hidden": true }, el("i", { class: "tr-foot-glyph" }), "glyph", el("i", { class: "tr-foot-attention" }), "attention");
  const caption = el("figcaption", {}, told, glyphs.characters.length > 0 && key);
  const slider = el("input", { type: "range", min: 1, max: last + 1, step: 1, value: 1, "aria-label": "Step of the decoder" });
  const button = el("button", { type: "button", class: "tr-button tr-button-quiet", text: "Play" });
  let timer = 0;

  function go(index) {
    const glyph = glyphs.characters[index] || NO_GLYPH;
    const isEnd = index >= characters.length;
    const said = isEnd ? "end of the word" : spoken(characters[index].text);
    slider.value = index + 1;
    slider.setAttribute("aria-valuetext", `${index + 1} of ${last + 1}: ${said}`);
    heat.src = steps[index].heat;
    rail.replaceChildren(mark(steps[index].centre, glyph.colour, isEnd ? "end" : said));
    feet.replaceChildren(...drawFeet(glyph, steps[index].centre));
    told.textContent = glyph.drift || `Step ${index + 1} of ${last + 1} says ${isEnd ? "that the word ends" : `“${said}”`}.`;
    told.dataset.drift = glyph.drift ? "yes" : "no";
    onStep(index);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  }

  function advance() {
    if (!slider.isConnected || Number(slider.value) > last) return stop();
    go(Number(slider.value));
  }

  button.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) > last) go(0);
    button.textContent = "Pause";
    timer = setInterval(advance, STEP_MS);
  });
  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value) - 1);
  });
  go(0);
  const section = stage(value, {
    title: "Where it looked, step by step",
    alt: "The crop in grey; where one decoding step looked glows",
    rail,
    veils: [heat],
    feet,
    caption,
    tools: el("div", { class: "tr-steps" }, button, slider),
  });
  section.setAttribute("aria-live", "off"); // the slider speaks for itself
  return { section, go };
}

// Under the crop: a bar at the glyph's centre, a ring at the attention's, a line between them.
function drawFeet(glyph, at) {
  const foot = (kind, place) => el("i", { class: `tr-foot tr-foot-${kind}`, style: `left:${share(place)};--tr-colour:${glyph.colour}` });
  if (glyph.centre === null) return [foot("attention", at)];
  const [from, to] = [glyph.centre, at].sort((a, b) => a - b);
  const line = el("i", { class: "tr-foot-line", style: `left:${share(from)};width:${share(to - from)};--tr-colour:${glyph.colour}` });
  return [line, foot("glyph", glyph.centre), foot("attention", at)];
}
