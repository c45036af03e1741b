
// The picture and its outlined words; layers that can be switched are in read_layers.js.
const polygons = (items, attributes = {}) => items.map((points) => svg("polygon", { points, ...attributes }));

function drawStage(value) {
  view.halos = polygons(value.regions.map((region) => region.points));
  view.outlines = value.regions.map((region, index) =>
    svg("polygon", {
      points: region.points,
      role: "button",
      onclick: () => choose(index),
      onkeydown: (event) => stepWords(event, index, view.outlines),
      onpointerenter: () => hintWithLine(index, true),
      onpointerleave: () => hintWithLine(index, false),
      onfocus: () => hintWithLine(index, true),
      onblur: () => hintWithLine(index, false),
    }),
  );
  part("stage").replaceChildren(
    svg(
      "svg",
      { viewBox: `0 0 ${value.width} ${value.height}`, role: "group", "aria-label": `Words found in ${value.name}` },
      svg("image", { href: value.image, width: value.width, height: value.height }),
      ["word-heat", "character-heat", "blocks", "lines"].map(layerGroup),
      svg("g", { class: "tr-halo", "aria-hidden": "true" }),
      svg("g", { class: "tr-outlines" }),
      ["characters", "directions", "numbers"].map(layerGroup),
    ),
  );
}

const layerGroup = (name) => svg("g", { class: "tr-layer", "data-layer": name, "aria-hidden": "true" });

// Words that are not in `order` are out of the picture; the others stand in the order in which they are read.
function showOutlines(order) {
  const focused = view.outlines.indexOf(document.activeElement);
  const at = (nodes) => order.map((index) => nodes[index]);
  part("stage").querySelector(".tr-halo").replaceChildren(...at(view.halos));
  part("stage").querySelector(".tr-outlines").replaceChildren(...at(view.outlines));
  if (order.includes(focused)) view.outlines[focused].focus({ preventScroll: true });
  order.forEach((index, place) => {
    const { text, confidence } = view.value.regions[index];
    view.outlines[index].setAttribute("aria-label", `Word ${place + 1}: ${text || "unreadable"}, ${percent(confidence)} sure`);
  });
}
