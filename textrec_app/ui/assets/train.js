// The row of the job, as words. It is only looked at: closing this page stops nothing.
// train_rounds.js and train_curves.js draw; they run in the same function, before this file.
const card = element.querySelector(".tr-train");
const asPercent = (value) => (value === null || value === undefined ? "–" : (value * 100).toFixed(1) + " %");
let shown = null; // the job whose changed readings are on the page
let drawnRounds = "";

function compareTable(rows) {
  const head = ["Measured on", "Before", "After", "Change"].map((text, index) => el("th", { scope: "col", class: index ? "tr-number" : null, text }));
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
  if (value.compared.length) frame.append(el("div", { class: "tr-table-frame" }, compareTable(value.compared)));
  if (value.checks.length) frame.append(el("details", { class: "tr-log" }, el("summary", { text: "What the gate looked at without labels" }), drawChecks(value.checks)));
}

const drawChecks = (checks) =>
  el("ul", { class: "tr-checks" }, checks.map((check) => el("li", { "data-passed": check.passed ? "yes" : "no", text: check.sentence })));

function drawPhases(value) {
  const at = value.phases.indexOf(value.phase);
  part("phases").hidden = !value.is_active;
  part("phases").replaceChildren(...value.phases.map((name, index) =>
    el("li", { "data-done": index < at ? "yes" : null, "aria-current": index === at ? "step" : null, text: name })));
  part("bar-frame").hidden = !value.is_active;
  if (value.progress === null) part("bar").removeAttribute("value");
  else part("bar").value = value.progress;
  part("percent").textContent = value.progress === null ? "" : `${Math.floor(value.progress * 100)} %`;
  part("left").textContent = value.time_left;
}

// Overrule or roll back, after a question.
function drawSettle(value) {
  const settle = value.settle;
  part("settle").hidden = !settle;
  if (!settle || settle.action !== part("act").dataset.action) part("question").hidden = true;
  if (!settle) return;
  part("act").textContent = settle.button;
  part("act").dataset.action = settle.action;
  part("question-text").textContent = settle.question;
  part("sure").textContent = settle.sure;
}

async function drawChanges(value) {
  if (shown === value.job_id && value.verdict) return;
  shown = value.verdict ? value.job_id : null;
  part("changes").replaceChildren();
  if (shown === null) return;
  const wanted = shown;
  try {
    const drawn = window.textrecChanges.draw(await call("get_changes", [wanted]));
    if (shown === wanted && drawn) part("changes").replaceChildren(drawn);
  } catch (error) {
    shown = null;
    console.warn("TextRec: the changed readings did not come.", error);
  }
}

function show() {
  const value = props.value && props.value.state ? props.value : null;
  card.dataset.state = value ? value.state : "idle";
  card.dataset.job = value ? value.job_id : "";
  if (!value) return;
  part("title").textContent = value.title;
  part("state").textContent = value.state === "none" ? "" : value.badge;
  part("state").dataset.model = { promoted: "active", overruled: "candidate", rejected: "rejected" }[value.verdict] || "";
  part("message").textContent = value.message;
  part("facts").textContent = value.facts;
  drawPhases(value);
  drawVerdict(value);
  drawSettle(value);
  drawChanges(value);
  const rounds = JSON.stringify(value.rounds); // a plot that is drawn anew would lose the pointer's words
  if (rounds !== drawnRounds) drawRounds(value.rounds, value.rounds_message);
  drawnRounds = rounds;
  drawCurves(value.curves);
  part("log-frame").hidden = !value.log.length;
  part("log").textContent = value.log.join("\n");
}

part("act").addEventListener("click", () => {
  part("question").hidden = false;
  part("unsure").focus();
});
part("unsure").addEventListener("click", () => {
  part("question").hidden = true;
  part("act").focus();
});
part("sure").addEventListener("click", () => {
  part("question").hidden = true;
  trigger("apply", { action: part("act").dataset.action });
});
watch("value", show);
queueMicrotask(show);
