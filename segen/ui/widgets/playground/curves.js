// Curves of a run, however long: of more than MOST moments every other one is dropped.

const MOST = 240;

export class History {
  constructor() {
    this.moments = [];
    this.every = 1;
  }
  /** Note the numbers, by name, after so many iterations. */
  note(iterations, numbers) {
    if (iterations % this.every || iterations === this.moments.at(-1)?.iterations) return;
    this.moments.push({ iterations, ...numbers });
    if (this.moments.length <= MOST) return;
    this.moments = this.moments.filter((_, i) => i % 2);
    this.every *= 2;
  }
}

/** Draw named lines of a history, colours by name, from `low` to `high`, which else are those of the numbers. */
export function draw(canvas, history, colors, { low, high } = {}) {
  const context = canvas.getContext("2d");
  const unit = devicePixelRatio;
  const [width, height] = [canvas.clientWidth * unit, canvas.clientHeight * unit].map(Math.round);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const ink = getComputedStyle(canvas).color;
  context.clearRect(0, 0, width, height);
  const { moments } = history;
  const values = moments.flatMap((moment) => Object.keys(colors).map((name) => moment[name])).filter(Number.isFinite);
  const [bottom, top] = [low ?? Math.min(0, ...values), high ?? Math.max(0.1, ...values)];
  const last = Math.max(1, moments.at(-1)?.iterations ?? 1);
  const margin = 3 * unit;
  const x = (iterations) => margin + (iterations / last) * (width - 2 * margin);
  const y = (value) => height - margin - ((value - bottom) / (top - bottom || 1)) * (height - 2 * margin);
  context.strokeStyle = ink;
  context.globalAlpha = 0.3;
  context.beginPath();
  context.moveTo(0, y(Math.max(0, bottom)));
  context.lineTo(width, y(Math.max(0, bottom)));
  context.stroke();
  context.globalAlpha = 1;
  context.lineWidth = 1.7 * unit;
  for (const [name, color] of Object.entries(colors)) {
    context.strokeStyle = color;
    context.beginPath();
    for (const moment of moments) if (Number.isFinite(moment[name])) context.lineTo(x(moment.iterations), y(moment[name]));
    context.stroke();
  }
  context.fillStyle = ink;
  context.globalAlpha = 0.7;
  context.font = `${10 * unit}px system-ui`;
  context.textAlign = "right";
  context.fillText(shown(top), width - margin, 11 * unit);
  context.globalAlpha = 1;
}

/** A number as a person reads it. */
export const shown = (value) =>
  !Number.isFinite(value) ? "–" : Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
