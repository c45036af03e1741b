// One word in detail: crop, glyph mask, and for each character its confidence and where the network looked.
const { el, percent, grade } = window.textrec;
const card = element.querySelector(".tr-detail");
const body = element.querySelector('[data-part="body"]');

const figure = (caption, address, alt) =>
  el("figure", { class: "tr-figure" }, el("img", { src: address, alt }), el("figcaption", { text: caption }));

function characterTile(character, index, main) {
  const tile = el(
    "button",
    {
      type: "button",
      class: "tr-character",
      "data-grade": grade(character.confidence, 0.8),
      "aria-label": `Character ${index + 1}: ${character.text}, ${percent(character.confidence)} sure; show where the network looked`,
    },
    el("span", { class: "tr-glyph", text: character.text === " " ? "␣" : character.text }),
    el("span", { class: "tr-character-percent", text: percent(character.confidence) }),
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
    .map((other) => `${other.text === " " ? "␣" : other.text} ${percent(other.confidence)}`)
    .join(", ");

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
  body.replaceChildren(
    el(
      "header",
      { class: "tr-detail-head" },
      el("h2", { class: "tr-detail-text", text: value.text || "(unreadable)" }),
      el("p", { class: "tr-muted", text: `${percent(value.confidence)} sure that the whole word is right` }),
    ),
    el("div", { class: "tr-figures" }, main, value.mask && figure("Ink (glyph mask)", value.mask, "The word's ink, separated from its background")),
    othersTable(value.alternatives),
    el("h3", { text: "Character by character" }),
    el("div", { class: "tr-characters" }, value.characters.map((character, index) => characterTile(character, index, main))),
  );
  if (window.innerWidth < 720) card.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

watch("value", show);
queueMicrotask(show);
