// The row of the job, as text. It is only looked at: closing this page stops nothing.
const { el } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-train");
const asPercent = (value) => (value === null || value === undefined ? "–" : (value * 100).toFixed(1) + " %");

function compareTable(rows) {
  const head = ["Frozen set", "Before", "After", "Change"].map((text, index) => el("th", { scope: "col", class: index ? "tr-number" : null, text }));
  const body = rows.map(({ name, before, after }) => {
    const delta = before === null || after === null ? null : after - before;
    const change = delta === null ? "–" : `${delta > 0 ? "+" : delta < 0 ? "−" : "±"}${Math.abs(delta * 100).toFixed(1)}`;
    return el(
      "tr",
      {},
      el("th", { scope: "row", text: name }),
      el("td", { class: "tr-number", text: asPercent(before) }),
      el("td", { class: "tr-number", text: asPercent(after) }),
      el("td", { class: "tr-number", "data-sign": delta > 0 ? "up" : delta < 0 ? "down" : "same", text: change }),
    );
  });
  return el("table", { class: "tr-table" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
}

function drawVerdict(value) {
  const frame = part("verdict");
  frame.dataset.verdict = value.verdict || "";
  frame.replaceChildren();
  if (!value.verdict && !value.compared.length) return;
  frame.append(el("h3", { text: value.verdict_text }));
  if (value.reasons.length) frame.append(el("ul", {}, value.reasons.map((text) => el("li", { text }))));
  if (value.compared.length) frame.append(compareTable(value.compared));
}

function show() {
  const value = props.value && props.value.state ? props.value : null;
  card.dataset.state = value ? value.state : "idle";
  card.dataset.job = value ? value.job_id : "";
  if (!value) return;
  part("title").textContent = value.title;
  part("state").textContent = value.state === "none" ? "" : value.state;
  part("message").textContent = value.message;
  part("facts").textContent = value.facts;
  part("bar").hidden = !value.is_active;
  if (value.progress === null) part("bar").removeAttribute("value");
  else part("bar").value = value.progress;
  drawVerdict(value);
  part("log-frame").hidden = !value.log.length;
  part("log").textContent = value.log.join("\n");
}

watch("value", show);
queueMicrotask(show);
