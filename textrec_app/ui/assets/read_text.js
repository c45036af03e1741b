
// The text as a person would copy it: words make lines, lines make paragraphs. A line under the pointer or the focus
// marks its words in the picture; a marked word marks its line.
const COPIED_MS = 2500;
const wordText = (index) => view.value.regions[index].text;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
// What stands between two words of a line: a space, but not in scripts that are written without.
const between = (before, after) => (UNSPACED.test([...before].at(-1) || "") && UNSPACED.test([...after][0] || "") ? "" : " ");
const lineText = (line) => line.words.map(wordText).reduce((text, word) => text + between(text, word) + word);
const layoutText = (layout) => layout.blocks.map((block) => block.lines.map(lineText).join("\n")).join("\n\n");

function drawText(layout) {
  const focused = view.lines.indexOf(document.activeElement);
  view.lines = [];
  part("transcript").replaceChildren(
    ...layout.blocks.map((block) => el("p", { class: "tr-text-block" }, block.lines.map(lineNode))),
  );
  if (!view.lines.length) part("transcript").replaceChildren(el("p", { class: "tr-muted", text: nothingShown() }));
  part("copy").disabled = !view.lines.length;
  view.lines[focused]?.focus({ preventScroll: true });
  const count = (number, name) => `${number} ${name}${number === 1 ? "" : "s"}`;
  part("text-count").textContent = `${count(view.lines.length, "line")} in ${count(layout.blocks.length, "block")}`;
}

const nothingShown = () =>
  view.value.regions.length ? `No word has a score of ${view.score.toFixed(2)} or more. Lower the score below the picture.` : "";

function lineNode(line) {
  const at = view.lines.length;
  const mark = (isMarked) => {
    node.classList.toggle("is-hinted", isMarked);
    line.words.forEach((index) => hint(index, isMarked));
  };
  const node = el(
    "span",
    {
      class: "tr-text-line", role: "button", dir: "auto", tabindex: at ? -1 : 0, "aria-label": `Line ${at + 1}: ${lineText(line)}`,
      onpointerenter: () => mark(true),
      onpointerleave: () => mark(false),
      onfocus: () => mark(true),
      onblur: () => mark(false),
      onkeydown: (event) => onStep(event, view.lines, at, () => choose(line.words[0])),
      onclick: (event) => chooseIn(event, line),
    },
    line.words.flatMap((index, at) => [at ? between(wordText(line.words[at - 1]), wordText(index)) : null, el("span", { "data-word": index, text: wordText(index) })]),
  );
  view.lines.push(node);
  return node;
}

// A click chooses the word under it, unless it ends a selection of text.
function chooseIn(event, line) {
  if (!window.getSelection().isCollapsed) return;
  const word = event.target.closest("[data-word]");
  choose(word ? Number(word.dataset.word) : line.words[0]);
}

let copied = 0;
async function copyText() {
  const button = part("copy");
  try {
    await copy(layoutText(view.layout));
  } catch (error) {
    return toast("The browser did not allow copying. Mark the text and copy it yourself.", "bad");
  }
  toast("Text copied.");
  button.textContent = "Copied ✓";
  clearTimeout(copied);
  copied = setTimeout(() => (button.textContent = "Copy text"), COPIED_MS);
}

part("copy").addEventListener("click", copyText);
