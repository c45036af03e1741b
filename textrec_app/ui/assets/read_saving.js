
// What can be taken away, as it is shown: JSON, the picture with its layers.
const stem = () => (view.value.name || "picture").replace(/\.[^.]*$/, "");

// The form of `read --json`: what is shown, in reading order, and its groups as places in that order.
function shownReading() {
  const { layout, order, value } = view;
  return { ...value.reading, regions: order.map((index) => value.reading.regions[index]), ...(layout.groups || roughGroups(layout)) };
}

// Groups until the server's own come: rows for lines.
function roughGroups({ blocks, order }) {
  const rows = blocks.map((block) => block.lines.map((line) => line.words.map((index) => order.indexOf(index))));
  return { lines: rows.flat(), blocks: rows.map((block) => block.flat()), rows: rows.flat() };
}

function saveJson() {
  const blob = new Blob([JSON.stringify(shownReading(), null, 2)], { type: "application/json" });
  const address = URL.createObjectURL(blob);
  download(stem() + ".json", address);
  setTimeout(() => URL.revokeObjectURL(address), 5000);
}

async function loadPicture(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}

function strokeShape(context, shape, scale, width) {
  const style = getComputedStyle(shape);
  if (style.stroke === "none" || getComputedStyle(shape.parentNode).display === "none") return;
  context.strokeStyle = style.stroke;
  context.lineWidth = (parseFloat(style.strokeWidth) / 2.5) * width;
  context.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map((dash) => (parseFloat(dash) / 2.5) * width));
  context.beginPath();
  corners(shape.getAttribute("points")).forEach(([x, y]) => context.lineTo(x * scale, y * scale));
  if (shape.tagName === "polygon") context.closePath();
  context.stroke();
}

function stampNumber(context, mark, scale) {
  const { e: x, f: y } = mark.transform.baseVal.consolidate().matrix;
  const [plate, text] = mark.children;
  const side = (name) => Number(plate.getAttribute(name)) * scale;
  context.fillStyle = getComputedStyle(plate).fill;
  context.beginPath();
  context.roundRect(x * scale + side("x"), y * scale + side("y"), side("width"), side("height"), side("rx"));
  context.fill();
  context.fillStyle = getComputedStyle(text).fill;
  context.font = `700 ${Number(text.getAttribute("font-size")) * scale}px ${getComputedStyle(text).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text.textContent, x * scale, y * scale);
}

async function saveOverlay() {
  const stage = part("stage");
  const [photograph, ...heats] = await Promise.all([...stage.querySelectorAll("image")].map((image) => loadPicture(image.getAttribute("href"))));
  const canvas = el("canvas", { width: photograph.naturalWidth, height: photograph.naturalHeight });
  const context = canvas.getContext("2d");
  for (const picture of [photograph, ...heats]) context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const scale = canvas.width / view.value.width;
  const width = Math.max(2, canvas.width / 500);
  context.lineJoin = "round";
  stage.querySelectorAll("polygon, polyline").forEach((shape) => strokeShape(context, shape, scale, width));
  stage.querySelectorAll(".tr-number-mark").forEach((mark) => stampNumber(context, mark, scale));
  download(stem() + "-overlay.png", canvas.toDataURL("image/png"));
}

part("json").addEventListener("click", saveJson);
part("overlay").addEventListener("click", saveOverlay);
watch("value", show);
queueMicrotask(show);
