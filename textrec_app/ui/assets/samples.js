// One strip of crops for what is kept and for each reason to wait; asked again when the slider has come to rest.
const { el, call, percent } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-fates");
const REST_MS = 350;
let asked = 0;
let soon = 0;

function drawSample(sample) {
  const text = sample.text || "nothing read";
  return el("li", {},
    sample.crop ? el("img", { src: sample.crop, alt: `Crop read as ${text}`, loading: "lazy" }) : el("span", { class: "tr-muted", text: "the picture is gone" }),
    el("span", { class: sample.text ? "tr-fate-text" : "tr-fate-text tr-muted", text, dir: "auto" }),
    el("span", { class: "tr-muted", text: `${percent(sample.confidence)} sure` }));
}

function drawGroup(group, total) {
  const isKept = group.reason === "kept";
  const title = isKept ? "Kept to learn from" : `Waits: ${group.reason}`;
  const bar = el("span", { class: "tr-fate-bar", "aria-hidden": true }, el("i", { style: `width:${((group.n / total) * 100).toFixed(1)}%` }));
  const strip = el("ul", { class: "tr-fate-strip tr-scroll", tabindex: 0, "aria-label": `Examples, ${title}` }, group.samples.map(drawSample));
  return el("section", { class: "tr-fate", "data-fate": isKept ? "kept" : "waiting", "data-reason": group.reason },
    el("h3", {}, el("span", { text: title }), el("span", { class: "tr-badge", text: group.n }), bar), strip);
}

async function ask(minPrecision) {
  const turn = ++asked;
  try {
    const { groups } = await call("harvest_samples", [minPrecision]);
    if (turn !== asked) return;
    const total = groups.reduce((sum, group) => sum + group.n, 0);
    card.dataset.state = total ? "full" : "none";
    const places = [...part("groups").querySelectorAll(".tr-fate-strip")].map((strip) => strip.scrollLeft);
    part("groups").replaceChildren(...groups.map((group) => drawGroup(group, total)));
    part("groups").querySelectorAll(".tr-fate-strip").forEach((strip, index) => (strip.scrollLeft = places[index] || 0));
  } catch (error) {
    console.warn("TextRec: the examples did not come.", error);
  }
}

function askSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => ask(window.textrec.minPrecision), REST_MS);
}

window.addEventListener("textrec:confidence", askSoon);
if (window.textrec.minPrecision !== undefined) askSoon();
