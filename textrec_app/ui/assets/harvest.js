// Progress and per-file results. File names are the uploader's: they enter as text only.
const { el } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-harvest");

function drawRow(row) {
  const badge = el("td", {}, el("span", { class: "tr-badge", "data-result": row.state, text: row.state }));
  const numbers = [row.n_words, row.n_kept, row.n_waiting].map((number) => el("td", { class: "tr-number", text: row.state === "read" ? number : "–" }));
  const name = el("th", { scope: "row" }, el("span", { text: row.name }));
  if (row.message) name.append(el("span", { class: "tr-row-message", text: row.message }));
  return el("tr", {}, name, badge, numbers);
}

function show() {
  const value = props.value && props.value.rows ? props.value : { rows: [], progress: null };
  card.dataset.state = value.rows.length || value.progress ? "full" : "empty";
  const progress = value.progress;
  card.dataset.running = progress && !progress.finished ? "yes" : "no";
  part("progress").hidden = !progress;
  if (progress) {
    part("bar").value = progress.total ? progress.done / progress.total : 1;
    part("progress-text").textContent = progress.text;
  }
  part("rows").replaceChildren(...value.rows.map(drawRow));
}

watch("value", show);
queueMicrotask(show);
