
// The list of words, and what can be taken away: text, JSON, the picture with its outlines.
function drawList(value) {
  view.rows = value.regions.map((region, index) =>
    el(
      "button",
      {
        type: "button",
        class: "tr-word",
        tabindex: index === 0 ? 0 : -1,
        "aria-pressed": "false",
        onclick: () => choose(index),
        onkeydown: (event) => onStep(event, index, view.rows),
        onpointerenter: () => hint(index, true),
        onpointerleave: () => hint(index, false),
      },
      el("span", { class: "tr-word-text", text: region.text || "(unreadable)" }),
      el("span", { class: "tr-meter", "aria-hidden": true }, el("i", { style: `width:${(region.confidence * 100).toFixed(1)}%` })),
      el("span", { class: "tr-word-percent", text: percent(region.confidence) }),
    ),
  );
  part("list").replaceChildren(...view.rows.map((row) => el("li", {}, row)));
  const n = value.regions.length;
  part("count").textContent = n === 1 ? "1 word" : `${n} words`;
}

const stem = () => (view.value.name || "picture").replace(/\.[^.]*$/, "");

async function copyText() {
  await copy(view.value.regions.map((region) => region.text).join("\n"));
  toast("Text copied.");
}

function saveJson() {
  const blob = new Blob([JSON.stringify(view.value.reading, null, 2)], { type: "application/json" });
  const address = URL.createObjectURL(blob);
  download(stem() + ".json", address);
  setTimeout(() => URL.revokeObjectURL(address), 5000);
}

async function saveOverlay() {
  const picture = new Image();
  picture.src = view.value.image;
  await picture.decode();
  const canvas = el("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const scale = picture.naturalWidth / view.value.width;
  context.lineWidth = Math.max(2, canvas.width / 500);
  view.outlines.forEach((outline) => {
    context.strokeStyle = getComputedStyle(outline).stroke;
    context.beginPath();
    outline.getAttribute("points").split(" ").forEach((pair) => context.lineTo(...pair.split(",").map((number) => number * scale)));
    context.closePath();
    context.stroke();
  });
  download(stem() + "-overlay.png", canvas.toDataURL("image/png"));
}

part("copy").addEventListener("click", copyText);
part("json").addEventListener("click", saveJson);
part("overlay").addEventListener("click", saveOverlay);
