
// The list of words, each with the probability that it is right.
function drawList(value) {
  view.rows = value.regions.map((region, index) =>
    el(
      "button",
      {
        type: "button",
        class: "tr-word",
        onclick: () => choose(index),
        onkeydown: (event) => stepWords(event, index, view.rows),
        onpointerenter: () => hintWithLine(index, true),
        onpointerleave: () => hintWithLine(index, false),
      },
      el("span", { class: "tr-word-text", text: region.text || "(unreadable)" }),
      el("span", { class: "tr-meter", "aria-hidden": true }, el("i", { style: `width:${(region.confidence * 100).toFixed(1)}%` })),
      el("span", { class: "tr-word-percent", text: percent(region.confidence) }),
    ),
  );
}

// The focus stays where it is: a layout may come while somebody steps through the list.
function showRows(order) {
  const focused = view.rows.indexOf(document.activeElement);
  part("list").replaceChildren(...order.map((index) => el("li", {}, view.rows[index])));
  if (order.includes(focused)) view.rows[focused].focus({ preventScroll: true });
  const n = order.length;
  part("count").textContent = n === 1 ? "1 word" : `${n} words`;
}
