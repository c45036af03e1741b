// The review card, its buttons and its keys.
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const root = part("root");
const NAMES = ["waiting", "kept", "accepted", "corrected", "rejected", "skipped"];

function present(message) {
  const item = current();
  root.dataset.state = item ? "full" : queue.loading ? "loading" : "empty";
  root.dataset.item = item ? item.item_id : "";
  if (item) showItem(item);
  else showEmpty();
  queue.shownAt = performance.now();
  const next = item ? `Next: ${item.text}, ${percent(item.confidence)} sure.` : "No more items.";
  part("announce").textContent = message ? `${message} ${next}` : next;
  showRate();
}

function showItem(item) {
  part("crop").src = item.crop;
  part("crop").alt = item.message || `The word to check; the model reads ${item.model_text}`;
  part("text").value = item.text;
  part("model-text").textContent = `Model: ${item.model_text || "(nothing)"}`;
  part("confidence").textContent = `${percent(item.confidence)} sure`;
  part("confidence").dataset.grade = grade(item.confidence, 0.8);
  part("source").textContent = [item.status, item.picture_name].filter(Boolean).join(" · ");
  part("why").textContent = part("view").value === "audit" ? "Drawn at random from what was kept: is every character right?" : item.why || "";
  showTwins(item);
  showDirty();
}

function showDirty() {
  const item = current();
  const isChanged = Boolean(item) && part("text").value !== item.text;
  const number = item ? twinsOf(item).length + 1 : 1;
  part("accept-label").textContent = `${isChanged ? "Save correction" : "Accept"}${number > 1 ? `${isChanged ? " for" : " all"} ${number}` : ""}`;
}

function showEmpty() {
  const isWaiting = part("view").value === "waiting";
  if (part("view").value === "audit") {
    part("empty-title").textContent = "No word of the random check is left";
    part("empty-text").textContent = "Below stands what it found, and you can draw another one there.";
    return;
  }
  const total = NAMES.reduce((sum, name) => sum + (queue.counts[name] || 0), 0);
  part("empty-title").textContent = isWaiting ? (total ? "All done" : "Nothing to review yet") : "Nothing here";
  part("empty-text").textContent = !isWaiting
    ? "No item has this state. Choose another view."
    : total ? "Every word that waited has its decision. Go to Train and let the model learn from them."
      : "Drop pictures into Harvest; what the model is not sure of comes here.";
}

function showCounts() {
  part("counts").replaceChildren(
    ...NAMES.map((name) => el("li", { "data-count": name }, el("b", { text: queue.counts[name] ?? 0 }), el("span", { text: name }))),
  );
  if (!current()) present();
}

function showRate() {
  const recent = queue.taken.filter((time) => time > Date.now() - 120000);
  const minutes = recent.length > 1 ? (Date.now() - recent[0]) / 60000 : 0;
  const rate = minutes > 0.05 ? recent.length / minutes : 0;
  const left = rate && part("view").value === "waiting" ? ` · about ${Math.max(1, Math.round((queue.counts.waiting || 0) / rate))} min left` : "";
  part("rate").textContent = queue.taken.length ? `${queue.taken.length} decided here${rate ? ` · ${rate.toFixed(0)} a minute` : ""}${left}` : "";
}

function showSync({ waiting, offline }) {
  part("sync").textContent = offline ? `Server away: ${waiting} kept here, sent when it is back` : waiting ? `Saving ${waiting}…` : "All saved";
  part("sync").dataset.state = offline ? "offline" : waiting ? "saving" : "saved";
}

async function recount() {
  if (outbox.status().waiting) return;
  queue.counts = await call("count_reviews").catch(() => queue.counts);
  showCounts();
}

let recountSoon = 0;
function onOutbox(event) {
  if (event.type === "settled") onSettled(event);
  else showSync(event);
  clearTimeout(recountSoon);
  recountSoon = setTimeout(recount, 400);
}

function onSeen(entries) {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  if (current()) recount();
  else restart();
}

const actions = {
  accept: () => decide("accept"),
  reject: () => decide("reject"),
  skip: () => decide("skip"),
  undo,
  twins: () => current() && (current().twins || []).length && setWithTwins(!withTwins),
  edit: () => { part("text").focus(); part("text").select(); },
  help: () => part("help").showModal(),
};
const KEYS = { a: "accept", Enter: "accept", e: "edit", x: "reject", s: "skip", t: "twins", z: "undo", "?": "help" };

function onFieldKey(event) {
  if (event.key === "Enter") {
    part("text").blur();
    actions.accept();
  } else if (event.key === "Escape") part("text").blur();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function onKey(event) {
  if (!isShown(root) || event.isComposing || event.repeat || part("help").open) return;
  if (event.target === part("text")) return onFieldKey(event);
  const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isUndo && (event.ctrlKey || event.metaKey || event.altKey)) return;
  if (event.target.closest("input:not([type='checkbox']), textarea, select, [contenteditable]")) return;
  if (event.key === "Enter" && event.target.closest("button, a, [role='tab']")) return;
  const name = isUndo ? "undo" : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name) return;
  event.preventDefault();
  actions[name]();
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  actions[button.dataset.action]();
  if (button.dataset.action !== "edit") button.blur();
});
part("text").addEventListener("input", showDirty);
part("with-twins").addEventListener("change", () => {
  setWithTwins(part("with-twins").checked);
  part("with-twins").blur();
});
part("view").addEventListener("change", restart);
part("order").addEventListener("change", restart);
const keys = new AbortController();
document.addEventListener("keydown", (event) => (element.isConnected ? onKey(event) : keys.abort()), { signal: keys.signal });
outbox.subscribe((event) => element.isConnected && onOutbox(event));
new IntersectionObserver(onSeen).observe(element);
showSync(outbox.status());
