// The open tab is part of the address (#review), so that a reload or a link comes back to it.
(() => {
  const buttons = () => [...document.querySelectorAll('#textrec-tabs [role="tab"]')];
  const nameOf = (button) => button.textContent.trim().toLowerCase();

  function open(name) {
    const wanted = buttons().find((button) => nameOf(button) === name);
    if (wanted && wanted.getAttribute("aria-selected") !== "true") wanted.click();
    return Boolean(wanted);
  }

  function start() {
    if (!buttons().length) return false;
    const wanted = location.hash.slice(1);
    if (wanted) open(wanted);
    document.body.dataset.textrecReady = "yes";
    return true;
  }

  document.addEventListener("click", (event) => {
    const tab = event.target.closest && event.target.closest('#textrec-tabs [role="tab"]');
    if (tab) history.replaceState(null, "", "#" + nameOf(tab));
  });
  window.addEventListener("hashchange", () => open(location.hash.slice(1)));

  const timer = setInterval(() => start() && clearInterval(timer), 60);
})();
