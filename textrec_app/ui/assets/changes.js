// Words that two models read differently: the crop, the old reading and the new one, what differs marked in both.
// Readings are hostile text: they enter through textContent only.
(() => {
  const { el } = window.textrec;
  const N_FIRST = 8;
  const MAX_COMPARED = 120;
  const KINDS = [
    { name: "fixed", title: "Now right", hint: "The old model read these wrong." },
    { name: "broken", title: "Now wrong", hint: "The old model read these right." },
    { name: "changed", title: "Read differently", hint: "Nobody has typed what these say; they were not learned from." },
  ];
  const LIKELIER = { after: "the new reading is likelier", before: "the old reading is likelier" };

  // Which characters of both texts belong to their longest common subsequence.
  function findCommon(left, right) {
    const lengths = Array.from({ length: left.length + 1 }, () => new Array(right.length + 1).fill(0));
    for (let i = left.length - 1; i >= 0; i -= 1) {
      for (let j = right.length - 1; j >= 0; j -= 1) {
        lengths[i][j] = left[i] === right[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
      }
    }
    const common = { left: new Set(), right: new Set() };
    for (let i = 0, j = 0; i < left.length && j < right.length; ) {
      if (left[i] === right[j]) {
        common.left.add(i++);
        common.right.add(j++);
      } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
      else j += 1;
    }
    return common;
  }

  function mark(characters, common, tag) {
    const runs = [];
    characters.forEach((character, index) => {
      const isCommon = common.has(index);
      if (!runs.length || runs.at(-1).isCommon !== isCommon) runs.push({ isCommon, text: "" });
      runs.at(-1).text += character;
    });
    return runs.map((run) => el(run.isCommon ? "span" : tag, { text: run.text }));
  }

  function drawTexts({ before, after }) {
    const [left, right] = [[...before].slice(0, MAX_COMPARED), [...after].slice(0, MAX_COMPARED)];
    const common = findCommon(left, right);
    const row = (name, nodes) => el("div", {}, el("dt", { text: name }), el("dd", { dir: "auto" }, nodes.length ? nodes : el("i", { text: "nothing read" })));
    return el("dl", { class: "tr-change-texts" }, row("old", mark(left, common.left, "del")), row("new", mark(right, common.right, "ins")));
  }

  function drawOne(sample, kind) {
    const note = kind === "changed" ? sample.why || LIKELIER[sample.likelier] || "" : "";
    const name = sample.text ? `Crop that says ${sample.text}` : `Crop, read as ${sample.after || "nothing"}`;
    return el("li", { "data-likelier": sample.likelier || null },
      sample.crop ? el("img", { src: sample.crop, alt: name, loading: "lazy" }) : el("span", { class: "tr-muted", text: "the picture is gone" }),
      drawTexts(sample),
      sample.text && el("p", { class: "tr-muted" }, "says ", el("b", { text: sample.text, dir: "auto" })),
      note && el("p", { class: "tr-muted", text: note }));
  }

  function drawKind({ name, title, hint }, changes) {
    const samples = changes[name] || [];
    if (!samples.length) return null;
    const total = changes[`n_${name}`] || samples.length;
    const list = el("ul", {}, samples.slice(0, N_FIRST).map((sample) => drawOne(sample, name)));
    const more = samples.length > N_FIRST && el("button", { type: "button", class: "tr-button tr-button-quiet", text: `Show ${samples.length - N_FIRST} more` });
    if (more) more.addEventListener("click", () => {
      list.append(...samples.slice(N_FIRST).map((sample) => drawOne(sample, name)));
      list.children[N_FIRST].scrollIntoView({ block: "nearest" });
      more.remove();
    });
    const shown = total > samples.length ? `${samples.length} of ${total}` : `${total}`;
    return el("section", { class: "tr-changes-kind", "data-kind": name },
      el("h3", {}, title, " ", el("span", { class: "tr-badge", text: shown })), el("p", { class: "tr-muted", text: hint }), list, more);
  }

  function sum(changes) {
    const counts = [`${changes.n_fixed || 0} fixed`, `${changes.n_broken || 0} broken`];
    if (changes.n_compared) counts.push(`${changes.n_changed || 0} of ${changes.n_compared} unlabelled words read differently`);
    return counts.join(", ") + ".";
  }

  // Everything there is to see of {fixed, broken, changed, n_fixed, …}; null where nothing differs.
  function draw(changes) {
    const kinds = changes ? KINDS.map((kind) => drawKind(kind, changes)).filter(Boolean) : [];
    if (!kinds.length) return null;
    return el("div", { class: "tr-changes" }, el("p", { class: "tr-changes-sum", text: sum(changes) }), kinds);
  }

  window.textrecChanges = { draw };
})();
