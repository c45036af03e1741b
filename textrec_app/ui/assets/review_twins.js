// Look-alikes of the card: shown with their crops, decided with it unless the person turns that off.
const TWINS_KEY = "textrec.withTwins";
let withTwins = readPreference();

function readPreference() {
  try {
    return localStorage.getItem(TWINS_KEY) !== "no";
  } catch (error) {
    return true; // a browser that keeps nothing: as when it was never asked
  }
}

function setWithTwins(wished) {
  withTwins = wished;
  try {
    localStorage.setItem(TWINS_KEY, wished ? "yes" : "no");
  } catch (error) {
    console.warn("TextRec: this browser keeps no preferences.", error);
  }
  const item = current();
  if (item) showTwins(item);
  showDirty();
}

const twinsOf = (item) => (withTwins && item.twins) || [];

function showTwins(item) {
  const twins = item.twins || [];
  part("twins").hidden = !twins.length;
  if (!twins.length) return;
  const more = item.n_alike - 1 - twins.length;
  const number = `${twins.length} look-alike${twins.length > 1 ? "s" : ""}`;
  part("with-twins").checked = withTwins;
  part("twins").dataset.state = withTwins ? "on" : "off";
  part("twins-label").textContent = `Also ${number}${more > 0 ? ` (${more} more later)` : ""}`;
  part("twin-list").replaceChildren(
    ...twins.map((twin) => el("li", { title: [`${percent(twin.confidence)} sure`, twin.picture_name].filter(Boolean).join(" · ") },
      twin.crop ? el("img", { src: twin.crop, alt: `A look-alike in ${twin.picture_name}` }) : el("span", { text: "no picture" }))),
  );
}

// What was decided together leaves the queue together, and comes back together.
function takeTwins(item) {
  const ids = new Set(twinsOf(item).map((twin) => twin.item_id));
  const taken = queue.items.filter((other) => ids.has(other.item_id));
  queue.items = queue.items.filter((other) => !ids.has(other.item_id));
  ids.forEach((id) => queue.done.add(id));
  return { ids: [...ids], items: taken };
}

function giveTwinsBack({ ids, items }) {
  ids.forEach((id) => queue.done.delete(id));
  const known = new Set(queue.items.map((item) => item.item_id));
  queue.items.unshift(...items.filter((item) => !known.has(item.item_id)));
  queue.exhausted = false;
}

// A look-alike that somebody else changed meanwhile was left alone: it may come again on a card of its own.
function releaseLeftTwins(entry, result) {
  if (!entry.with_twins) return;
  const decided = new Set(result.twins.map((twin) => twin.item_id));
  const left = entry.twins.map(([id]) => id).filter((id) => !decided.has(id));
  if (!left.length) return;
  giveTwinsBack({ ids: left, items: [] });
  if (result.ok && result.code === "done") toast(`${left.length} of its look-alikes changed meanwhile and come again.`);
  topUp();
}
