// Review decisions on their way to the server: kept in order, sent in order, kept until the server has said yes.
// They survive a reload of the page (sessionStorage); the server ignores a client_uuid that it already knows.
(() => {
  const KEY = "textrec.outbox";
  const BATCH = 10;
  const WAITS_MS = [300, 600, 1200, 2500, 5000];
  const listeners = new Set();
  const versions = new Map();
  let entries = load();
  let sending = false;
  let failures = 0;

  function load() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY) || "[]");
    } catch (error) {
      return [];
    }
  }

  function save() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(entries));
    } catch (error) {
      console.warn("TextRec: this browser keeps no session storage; decisions wait in memory only.", error);
    }
  }

  const tell = (event) => listeners.forEach((listener) => listener(event));
  const status = () => ({ waiting: entries.length, offline: failures > 0 });

  // The version is filled in when the entry leaves: an own earlier decision may have raised it meanwhile.
  function prepare(entry) {
    const twins = (entry.twins || []).map(([id, version]) => [id, versions.get(id) ?? version]);
    const known = versions.get(entry.item_id);
    return { ...entry, ...(entry.twins && { twins }), ...(known !== undefined && { version: known }) };
  }

  function nextBatch() {
    const batch = [];
    const items = new Set();
    for (const entry of entries.slice(0, BATCH)) {
      const isUndo = entry.action === "undo";
      if (batch.length && (isUndo || items.has(entry.item_id))) break;
      batch.push(prepare(entry));
      if (isUndo) break;
      items.add(entry.item_id);
    }
    return batch;
  }

  function settle(batch, results) {
    const done = new Set(batch.map((entry) => entry.client_uuid));
    entries = entries.filter((entry) => !done.has(entry.client_uuid));
    save();
    results.forEach((result, index) => {
      for (const seen of [result.item, ...(result.twins || [])]) if (seen) versions.set(seen.item_id, seen.version);
      tell({ type: "settled", entry: batch[index], result });
    });
  }

  async function flush() {
    if (sending) return;
    sending = true;
    while (entries.length) {
      const batch = nextBatch();
      try {
        settle(batch, await window.textrec.call("decide", [batch]));
        failures = 0;
      } catch (error) {
        if (error instanceof window.textrec.RefusedError) {
          settle(batch, batch.map(() => ({ ok: false, code: "refused", message: error.message, item: null })));
          continue;
        }
        failures += 1; // nobody answered, or the server stumbled: the same batch goes again
        tell({ type: "status", ...status() });
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(failures, WAITS_MS.length) - 1]));
      }
      tell({ type: "status", ...status() });
    }
    sending = false;
  }

  function push(entry) {
    entries.push(entry);
    save();
    tell({ type: "status", ...status() });
    flush();
  }

  window.addEventListener("beforeunload", (event) => {
    if (!entries.length) return;
    window.textrec.call("decide", [entries.slice(0, BATCH).map(prepare)], { keepalive: true }).catch(() => null);
    event.preventDefault();
  });

  window.textrecOutbox = {
    push,
    status,
    holds: (itemId) => entries.some((entry) => entry.item_id === itemId || (entry.twins || []).some(([id]) => id === itemId)),
    learn: (item) => [item, ...(item.twins || [])].forEach((seen) => versions.set(seen.item_id, seen.version)),
    subscribe: (listener) => listeners.add(listener),
  };
  if (entries.length) setTimeout(flush, 500);
})();
