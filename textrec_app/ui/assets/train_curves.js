// Loss and validation accuracy over the steps of one training.
function drawCurve(host, points, spec) {
  const values = points.map(([, value]) => value);
  const steps = points.map(([step]) => step);
  window.textrecPlot.draw(host, {
    height: 180, x: [Math.min(...steps), Math.max(...steps)], xTitle: "step", writeX: (value) => String(Math.round(value)), ...spec,
    points: points.map(([x, y]) => ({ x, y, text: `Step ${x}: ${spec.write(y)}.` })),
    layers: (frame) => [window.textrecPlot.path(frame, points, { class: "tr-curve-expected" })],
    says: `Last: ${spec.write(values.at(-1))} at step ${steps.at(-1)}.`,
  });
}

let drawnCurves = "";

function drawCurves(curves) {
  const state = JSON.stringify(curves);
  if (state === drawnCurves) return;
  drawnCurves = state;
  const { loss, accuracy } = curves;
  part("curves-frame").hidden = loss.length < 2;
  part("accuracy-frame").hidden = accuracy.length < 2;
  if (loss.length > 1) {
    const values = loss.map(([, value]) => value);
    drawCurve(part("loss"), loss, { label: "Loss", y: [0, Math.max(...values)], write: (value) => value.toFixed(2) });
  }
  if (accuracy.length > 1) {
    const values = accuracy.map(([, value]) => value);
    const range = [Math.max(0, Math.min(...values) - 0.02), Math.min(1, Math.max(...values) + 0.02)];
    drawCurve(part("accuracy"), accuracy, { label: "Words right on the validation words", y: range, write: tenth });
  }
}
