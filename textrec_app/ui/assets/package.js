// Saves what arrives: {name, url}. It has no look of its own.
watch("value", () => {
  const value = props.value;
  if (!value || !value.url) return;
  window.textrec.download(value.name, value.url);
  element.querySelector('[data-part="told"]').textContent = `${value.name} saved.`;
});
