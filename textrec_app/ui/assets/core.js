// What every tab shares: building elements without markup strings, calling the server, saying things.
// Recognised text is hostile: it enters the page through textContent and attributes only.
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children.flat()) {
      if (child !== null && child !== undefined && child !== false) node.append(child);
    }
    return node;
  }

  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  class RefusedError extends Error {} // the server said no, and why
  class OfflineError extends Error {} // nobody answered

  function endpoint(name) {
    const config = window.gradio_config || {};
    return (config.root || "") + (config.api_prefix || "/gradio_api") + "/run/" + name;
  }

  // One JSON endpoint, one answer. After any error but RefusedError the call may be repeated.
  async function call(name, payload, options) {
    let response;
    try {
      response = await fetch(endpoint(name), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        credentials: "same-origin",
        body: JSON.stringify({ data: payload || [] }),
        ...options,
      });
    } catch (error) {
      throw new OfflineError("The server does not answer. Check that it still runs.");
    }
    if ([502, 503, 504].includes(response.status)) throw new OfflineError("The server is starting.");
    const body = await response.json().catch(() => ({}));
    if (!response.ok && body.error) throw new RefusedError(body.error);
    if (!response.ok) throw new Error("The server could not do this; its log says why.");
    return body.data[0];
  }

  let region = null;
  function toast(message, kind) {
    if (!region) {
      region = el("div", { class: "tr-toasts", role: "status", "aria-live": "polite" });
      document.body.append(region);
    }
    const note = el("div", { class: "tr-toast tr-toast-" + (kind || "info"), text: message });
    region.append(note);
    setTimeout(() => note.remove(), 6000);
  }

  const percent = (value) => value === null || value === undefined ? "not" : (value >= 0.9995 ? "100 %" : (value * 100).toFixed(value >= 0.99 ? 1 : 0) + " %");
  const grade = (confidence, threshold) =>
    confidence >= threshold ? "good" : confidence >= threshold / 2 ? "doubtful" : "poor";

  function identify() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const field = el("textarea", { class: "tr-hidden-field" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  function download(name, href) {
    const link = el("a", { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  }

  const isShown = (element) => element.isConnected && element.offsetParent !== null;

  window.textrec = { el, svg, call, toast, percent, grade, identify, copy, download, isShown, RefusedError, OfflineError };
})();
