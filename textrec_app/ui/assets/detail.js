// One word in detail: crop, ink, and for each character its confidence and where the network looked. What only networks
// with a glyph branch have to show is in detail_glyphs.js, which runs in the same function.
const { el, percent, grade } = window.textrec;
const card = element.querySelector(".tr-detail");
const LONG_ASPECT = 4.5; // longer crops stand one under the other
const body = element.querySelector('[data-part="body"]');

const spoken = (text) => (text === " " ? "␣" : text);

const figure = (caption, address, alt) =>
  el("figure", { class: "tr-figure" }, el("img", { src: address, alt }), el("figcaption", { text: caption }));

const tileButton = (character, index, ...children) =>
  el(
    "button",
    {
      type: "button",
      class: "tr-character",
      "data-grade": grade(character.confidence, 0.8),
      "aria-label": `Character ${index + 1}: ${character.text}, ${percent(character.confidence)} sure; show where the network looked`,
    },
    el("span", { class: "tr-glyph", text: spoken(character.text) }),
    el("span", { class: "tr-character-percent", text: percent(character.confidence) }),
    children,
  );

function characterTile(character, index, main) {
  const tile = tileButton(
    character,
    index,
    character.attention && el("img", { src: character.attention, alt: "", style: `object-position:${(character.focus * 100).toFixed(0)}% 50%` }),
  );
  tile.addEventListener("click", () => {
    body.querySelectorAll(".tr-character").forEach((other) => other.classList.toggle("is-chosen", other === tile));
    if (!character.attention) return;
    main.querySelector("img").src = character.attention;
    const others = hint(character);
    main.querySelector("figcaption").textContent = `Where it looked for “${character.text}”${others ? ` – or ${others}` : ""}`;
  });
  return tile;
}

function othersTable(others) {
  if (!others || !others.length) return "";
  const row = (other) =>
    el(
      "tr",
      {},
      el("td", { class: "tr-other-text", text: other.text || "(nothing)" }),
      el("td", { class: "tr-other-percent", text: percent(other.confidence) }),
    );
  return el("table", { class: "tr-others" }, el("caption", { text: "It may also say" }), el("tbody", {}, others.map(row)));
}

const hint = (character) =>
  (character.alternatives || [])
    .slice(0, 3)
    .map((other) => `${spoken(other.text)} ${percent(other.confidence)}`)
    .join(", ");

function inkFigures(value) {
  if (!value.glyphs) return value.mask && figure("Ink (glyph mask)", value.mask, "The word's ink, separated from its background");
  const byBrightness = value.mask
    ? figure("Ink by brightness (k-means)", value.mask, "The word's ink, told from its background by brightness alone")
    : el("p", { class: "tr-muted tr-no-ink", text: "Brightness alone (k-means) cannot tell ink from background here." });
  return [byBrightness, figure("Ink by the network", value.glyphs.mask, "The word's ink as the network sees it")];
}

function show() {
  const value = props.value && props.value.crop ? props.value : null;
  card.dataset.state = value ? "full" : "empty";
  card.dataset.index = value ? value.index : "";
  if (!value) return body.replaceChildren();
  const main = figure("Crop", value.crop, "The chosen word, cut out and turned upright");
  const restore = () => {
    main.querySelector("img").src = value.crop;
    main.querySelector("figcaption").textContent = "Crop";
  };
  main.addEventListener("click", restore);
  const glyphs = value.glyphs ? glyphPanel(value) : null;
  const parts = [
    el(
      "header",
      { class: "tr-detail-head" },
      el("h2", { class: "tr-detail-text", text: value.text || "(unreadable)" }),
      el("p", { class: "tr-muted", text: `${percent(value.confidence)} sure that the whole word is right` }),
      value.glyphs && saveButton(value.index),
    ),
    value.glyphs && readingsLine(value.glyphs, value.text),
    el("div", { class: "tr-figures", style: `--tr-aspect:${value.aspect}`, "data-shape": value.aspect > LONG_ASPECT ? "long" : "short" }, main, inkFigures(value)),
    othersTable(value.alternatives),
    glyphs && glyphs.panel,
    el("h3", { text: "Character by character" }),
    el("div", { class: "tr-characters" }, glyphs && glyphs.tiles.length ? glyphs.tiles : value.characters.map((character, index) => characterTile(character, index, main))),
  ];
  body.replaceChildren(...parts.filter(Boolean));
  if (window.innerWidth < 720) card.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

watch("value", show);
queueMicrotask(show);
