// Small plots in SVG: axes, layers that the caller draws, and points that tell their numbers to pointer, finger and keys.
// A plot is drawn again when the width of its place changes, so that its letters keep their size on a telephone.
(() => {
  const { el, svg } = window.textrec;
  const MARGIN = { top: 12, right: 14, bottom: 42, left: 46 };
  const STEPS = [1, 2, 2.5, 5, 10];

  // Round numbers from low to high, about `amount` of them.
  function findTicks(low, high, amount) {
    const raw = (high - low) / Math.max(1, amount);
    const power = 10 ** Math.floor(Math.log10(raw || 1));
    const step = power * STEPS.find((factor) => factor * power >= raw - 1e-12);
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first;
    return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
  }

  const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

  function makeFrame(width, spec) {
    const margin = { ...MARGIN, ...spec.margin };
    const inner = { width: Math.max(40, width - margin.left - margin.right), height: spec.height - margin.top - margin.bottom };
    const map = ([low, high], from, length) => (value) => from + ((clamp(value, [low, high]) - low) / (high - low || 1)) * length;
    return {
      width,
      margin,
      inner,
      bottom: margin.top + inner.height,
      right: margin.left + inner.width,
      x: map(spec.x, margin.left, inner.width),
      y: map(spec.y, margin.top + inner.height, -inner.height),
    };
  }

  function drawAxes(frame, spec) {
    const write = spec.write || ((value) => `${Math.round(value * 1000) / 10} %`);
    const rows = (spec.yTicks || findTicks(...spec.y, 4)).flatMap((value) => [
      svg("line", { x1: frame.margin.left, x2: frame.right, y1: frame.y(value), y2: frame.y(value), class: "tr-plot-grid" }),
      svg("text", { x: frame.margin.left - 6, y: frame.y(value) + 4, "text-anchor": "end", text: write(value) }),
    ]);
    const columns = (spec.xTicks || findTicks(...spec.x, frame.width < 340 ? 3 : 5)).map((value) =>
      svg("text", { x: frame.x(value), y: frame.bottom + 16, "text-anchor": "middle", text: (spec.writeX || write)(value) }),
    );
    const title = svg("text", { x: frame.margin.left + frame.inner.width / 2, y: spec.height - 6, "text-anchor": "middle", class: "tr-plot-title", text: spec.xTitle });
    const base = svg("line", { x1: frame.margin.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom, class: "tr-plot-axis" });
    return [...rows, ...columns, base, title];
  }

  // The pointer over the plot: a line, a dot, and the point's words below.
  function followPointer(drawing, frame, spec, readout, points) {
    const mark = svg("g", { class: "tr-plot-pointer", visibility: "hidden" },
      svg("line", { y1: frame.margin.top, y2: frame.bottom }), svg("circle", { r: 5 }));
    let at = -1;
    function point(index) {
      at = index;
      mark.setAttribute("visibility", index < 0 ? "hidden" : "visible");
      readout.textContent = index < 0 ? spec.says || "" : points[index].text;
      if (index < 0) return;
      const [x, y] = [frame.x(points[index].x), frame.y(points[index].y)];
      mark.firstChild.setAttribute("x1", x);
      mark.firstChild.setAttribute("x2", x);
      mark.lastChild.setAttribute("cx", x);
      mark.lastChild.setAttribute("cy", y);
    }
    function nearest(event) {
      const box = drawing.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * frame.width;
      const y = ((event.clientY - box.top) / box.height) * spec.height;
      const far = points.map((item) => Math.abs(frame.x(item.x) - x) + 0.05 * Math.abs(frame.y(item.y) - y));
      return far.indexOf(Math.min(...far));
    }
    function step(event) {
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -Infinity, End: Infinity };
      if (event.key === "Escape") return point(-1);
      if (moves[event.key] === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      point(clamp((at < 0 ? spec.start || 0 : at) + (at < 0 ? 0 : moves[event.key]), [0, points.length - 1]));
    }
    drawing.addEventListener("pointermove", (event) => point(nearest(event)));
    drawing.addEventListener("pointerdown", (event) => point(nearest(event)));
    drawing.addEventListener("pointerleave", () => point(-1));
    drawing.addEventListener("blur", () => point(-1));
    drawing.addEventListener("keydown", step);
    drawing.append(mark);
    point(-1);
  }

  function render(host, spec) {
    const width = Math.max(240, Math.round(host.clientWidth || 400));
    const frame = makeFrame(width, spec);
    const points = (spec.points || []).filter((item) => Number.isFinite(item.x) && Number.isFinite(item.y));
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${spec.height}`, height: spec.height, role: "img", "aria-label": spec.label, class: "tr-plot-drawing", tabindex: points.length ? 0 : null },
      drawAxes(frame, spec), spec.layers(frame).flat(Infinity));
    const readout = el("p", { class: "tr-plot-readout", "aria-live": "polite", text: spec.says });
    host.replaceChildren(drawing, readout);
    if (points.length) followPointer(drawing, frame, spec, readout, points);
  }

  const specs = new WeakMap();
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const known = specs.get(target);
      if (!known || !target.clientWidth || Math.abs(known.width - target.clientWidth) < 2) continue;
      known.width = target.clientWidth;
      render(target, known.spec);
    }
  });

  // Draw a plot into `host`: {height, x, y, xTitle, label, layers(frame), points: [{x, y, text}], says, start}.
  function draw(host, spec) {
    host.classList.add("tr-plot");
    specs.set(host, { spec, width: host.clientWidth });
    render(host, spec);
    observer.observe(host);
  }

  const path = (frame, points, attributes) =>
    svg("path", { d: points.map(([x, y], index) => `${index ? "L" : "M"}${frame.x(x).toFixed(1)} ${frame.y(y).toFixed(1)}`).join(""), ...attributes });

  window.textrecPlot = { draw, path };
})();
