// The items that wait in this page, and the decisions taken on them. Decisions leave through the outbox, in order.
const { el, call, toast, percent, grade, identify, isShown, OfflineError } = window.textrec;
const outbox = window.textrecOutbox;
const FIRST = 20; // shown soon
const AHEAD = 60; // then enough for three seconds of the quickest hands
const RETRY_MS = 2000;
const queue = { items: [], done: new Set(), trail: [], counts: {}, taken: [], loading: false, exhausted: false, shownAt: 0 };
const current = () => queue.items[0] || null;

async function refill(isFresh) {
  if (queue.loading && !isFresh) return;
  queue.loading = true;
  const asked = { view: part("view").value, order: part("order").value, limit: isFresh ? FIRST : AHEAD };
  try {
    const held = isFresh ? [] : [...queue.items.map((item) => item.item_id), ...queue.done];
    const page = await call("list_pending", [asked.view, asked.order, asked.limit, held]);
    if (asked.view !== part("view").value || asked.order !== part("order").value) return;
    queue.counts = page.counts;
    const known = new Set(queue.items.map((item) => item.item_id));
    const fresh = page.items.filter((item) => !known.has(item.item_id) && !queue.done.has(item.item_id) && !outbox.holds(item.item_id));
    fresh.forEach(outbox.learn);
    const wasEmpty = !queue.items.length;
    queue.items.push(...fresh);
    queue.exhausted = !fresh.length;
    preload(fresh);
    if (wasEmpty || isFresh) present();
    setTimeout(topUp);
  } catch (error) {
    if (!(error instanceof OfflineError)) toast(error.message, "bad");
    setTimeout(topUp, RETRY_MS);
  } finally {
    queue.loading = false;
    showCounts();
  }
}

const topUp = () => element.isConnected && queue.items.length < AHEAD && !queue.exhausted && refill(false);

const preload = (items) => items.forEach((item) => { new Image().src = item.crop; });

function restart() {
  queue.items = [];
  queue.done.clear();
  queue.exhausted = false;
  element.querySelector(".tr-review").dataset.state = "loading";
  part("order").disabled = part("view").value === "audit"; // a sample is judged in the order in which it was drawn
  refill(true);
}

function decide(action) {
  const item = current();
  if (!item) return;
  const typed = part("text").value;
  const saves = action === "accept";
  if (saves && !typed.trim()) return toast("Type what the picture says, or reject it (X).", "bad");
  const entry = {
    item_id: item.item_id,
    version: item.version,
    seen_status: item.status,
    action: saves && typed !== item.text ? "correct" : action,
    text: saves ? typed : null,
    client_uuid: identify(),
    seconds: Math.min(600, (performance.now() - queue.shownAt) / 1000),
    with_twins: twinsOf(item).length > 0,
    twins: twinsOf(item).map((twin) => [twin.item_id, twin.version]),
  };
  queue.items.shift();
  queue.done.add(item.item_id);
  queue.trail.push({ item, twins: takeTwins(item) });
  queue.taken.push(Date.now());
  outbox.push(entry);
  const others = entry.twins.length ? ` and ${entry.twins.length} look-alike${entry.twins.length > 1 ? "s" : ""}` : "";
  present(`${{ accept: "Accepted", correct: "Corrected", reject: "Rejected", skip: "Skipped" }[entry.action]} “${entry.text ?? item.text}”${others}.`);
  topUp();
}

// The card comes back at once if this page took the decision; else when the server has said which one it was.
function undo() {
  const { item, twins } = queue.trail.pop() || { item: null, twins: null };
  if (twins) giveTwinsBack(twins);
  if (item) putFirst(item, "Undone.");
  outbox.push({ item_id: item ? item.item_id : null, action: "undo", client_uuid: identify() });
}

function putFirst(item, message) {
  queue.items = [item, ...queue.items.filter((other) => other.item_id !== item.item_id)];
  queue.done.delete(item.item_id);
  present(message);
}

function onSettled({ entry, result }) {
  if (result.ok && entry.action === "undo") return onUndone(entry, result);
  if (result.ok) return releaseLeftTwins(entry, result);
  toast(result.message, "bad");
  if (entry.action === "undo") return;
  releaseLeftTwins(entry, { ...result, twins: result.twins || [] });
  queue.trail = queue.trail.filter(({ item }) => item.item_id !== entry.item_id);
  if (result.item) putFirst(result.item, "This item has changed. Look again.");
}

function onUndone(entry, result) {
  const fresh = result.item;
  if (entry.item_id !== null && entry.item_id !== fresh.item_id) toast("Another decision was undone than the one shown.", "bad");
  const shown = queue.items.find((item) => item.item_id === fresh.item_id);
  if (!shown) return putFirst(fresh, "Undone.");
  const isUntouched = shown === current() && part("text").value === shown.text;
  Object.assign(shown, fresh);
  if (isUntouched) present();
}
