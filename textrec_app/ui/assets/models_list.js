// The checkpoints, newest first; choosing one shows it beside.
const { el } = window.textrec;
const part = (name) => element.querySelector(`[data-part="${name}"]`);
const card = element.querySelector(".tr-models");

function drawModel(model, chosen) {
  const button = el(
    "button",
    { type: "button", class: "tr-model" + (model.name === chosen ? " is-chosen" : ""), "aria-pressed": model.name === chosen ? "true" : "false", "data-name": model.name },
    el("span", { class: "tr-model-name", text: model.name }),
    el("span", { class: "tr-badge", "data-model": model.state, text: model.state === "active" ? "in use" : model.state }),
    el("span", { class: "tr-muted", text: model.line }),
  );
  button.addEventListener("click", () => trigger("select", { name: model.name }));
  return el("li", {}, button);
}

function show() {
  const value = props.value && props.value.models ? props.value : { models: [], chosen: null };
  card.dataset.state = value.models.length ? "full" : "empty";
  part("list").replaceChildren(...value.models.map((model) => drawModel(model, value.chosen)));
}

watch("value", show);
queueMicrotask(show);
