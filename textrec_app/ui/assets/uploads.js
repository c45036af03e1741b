// A file that is plainly no picture is refused on the page with its name and the reason; all others go to the server,
// which looks inside. Without this Gradio says "Error" and a type that nobody knows.
(() => {
  const KINDS = { "application/pdf": "a PDF", "application/zip": "a zip", "text/plain": "a text file" };
  const PLACE = "#read-picture";

  function describe(file) {
    const kind = KINDS[file.type] || (file.type.startsWith("video/") ? "a video" : file.type.startsWith("audio/") ? "a sound" : "no picture");
    const what = kind === "no picture" ? "is no picture" : `is ${kind}, not a picture`;
    const next = file.type === "application/zip" ? " Harvest takes zips." : file.type === "application/pdf" ? " Save its pages as pictures." : "";
    return `${file.name} ${what}. Use JPEG, PNG, GIF, BMP, TIFF, WebP or AVIF.${next}`;
  }

  function refuse(event, files) {
    const target = event.target;
    if (!target.closest || !target.closest(PLACE)) return;
    const wrong = [...(files || [])].find((file) => !file.type.startsWith("image/"));
    if (!wrong) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === "change") target.value = "";
    window.textrec.toast(describe(wrong), "bad");
  }

  document.addEventListener("change", (event) => event.target.type === "file" && refuse(event, event.target.files), true);
  document.addEventListener("drop", (event) => refuse(event, event.dataTransfer && event.dataTransfer.files), true);
})();
