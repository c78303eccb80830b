// Draws planes on canvases: a heat map, points, arrows, ellipses, a bent grid.

export const COLORS = { real: "#0d9488", made: "#d97706", judge: "#2563eb", third: "#9333ea" };
const TINTS = { real: [13, 148, 136], made: [217, 119, 6] };
const CELLS = 36; // of the heat map, in a row

/** Colours of modes, evenly spread, for points that are to be found again elsewhere. */
export const hue = (mode, modes, alpha = 1) => `hsl(${(360 * mode) / modes} 70% 48% / ${alpha})`;

/** The middles of a square grid of `cells` x `cells` over a plane that reaches from -range to range. */
export function middles(cells, range) {
  const points = new Float32Array(2 * cells * cells);
  for (let i = 0; i < cells * cells; i++) {
    points[2 * i] = (((i % cells) + 0.5) / cells * 2 - 1) * range;
    points[2 * i + 1] = (1 - ((Math.floor(i / cells) + 0.5) / cells) * 2) * range;
  }
  return points;
}

export class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.heat = new OffscreenCanvas(CELLS, CELLS);
  }
  /** Clear it for a plane from -range to range, at the size and in the colours that the page has now. */
  begin(range) {
    const { canvas, context } = this;
    const style = getComputedStyle(canvas);
    const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    this.range = range;
    this.ink = style.color;
    this.unit = devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, side, side);
    context.lineCap = context.lineJoin = "round";
  }
  x = (value) => ((value / this.range + 1) / 2) * this.canvas.width;
  y = (value) => ((1 - value / this.range) / 2) * this.canvas.width;
  length = (value) => (value / this.range / 2) * this.canvas.width;

  /** Where a pointer is, as a point of the plane; it may lie outside. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (value, from, size) => ((value - from) / size) * 2 - 1;
    return [share(event.clientX, box.left, box.width) * this.range, -share(event.clientY, box.top, box.height) * this.range];
  }
  /** Values from 0 to 1 in the middles of the cells: 1 in the colour of real points, 0 in that of made ones. */
  tint(surface) {
    const context = this.heat.getContext("2d");
    const image = context.createImageData(CELLS, CELLS);
    surface(middles(CELLS, this.range)).forEach((value, i) => {
      image.data.set([...(value > 0.5 ? TINTS.real : TINTS.made), 150 * Math.abs(2 * value - 1) + 4], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }
  /** The heat map that `tint` computed last. */
  heatMap() {
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(this.heat, 0, 0, this.canvas.width, this.canvas.width);
  }
  /** N points, x and y in turn: discs of real ones, diamonds of made ones; `color` may be a function of i. */
  points(points, color, { radius = 2.4, diamond = false, alpha = 0.85 } = {}) {
    const { context } = this;
    const size = radius * this.unit * (this.canvas.clientWidth < 300 ? 0.7 : 1);
    context.globalAlpha = alpha;
    for (let i = 0; i < points.length / 2; i++) {
      const [x, y] = [this.x(points[2 * i]), this.y(points[2 * i + 1])];
      context.fillStyle = typeof color === "function" ? color(i) : color;
      context.beginPath();
      if (diamond) {
        context.moveTo(x, y - 1.35 * size);
        context.lineTo(x + 1.35 * size, y);
        context.lineTo(x, y + 1.35 * size);
        context.lineTo(x - 1.35 * size, y);
      } else context.arc(x, y, size, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }
  /** Arrows from N points along N directions, `scale` long for a length of 1 but at most `most`. */
  arrows(points, along, { scale, most, color = this.ink, alpha = 0.6 }) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = 1.2 * this.unit;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const size = Math.hypot(along[i], along[i + 1]);
      if (!(size * scale > 0.004)) continue;
      const grow = Math.min(scale, most / size);
      const [x, y] = [this.x(points[i]), this.y(points[i + 1])];
      const [right, down] = [this.length(along[i] * grow), -this.length(along[i + 1] * grow)];
      const tip = Math.min(4 * this.unit, Math.hypot(right, down) / 2) / Math.hypot(right, down);
      context.moveTo(x, y);
      context.lineTo(x + right, y + down);
      for (const side of [-0.6, 0.6]) {
        context.moveTo(x + right, y + down);
        context.lineTo(x + right - tip * (right - side * down), y + down - tip * (down + side * right));
      }
    }
    context.stroke();
    context.globalAlpha = 1;
  }
  /** Lines along both directions of a grid of side x side points, wherever they were moved to. */
  grid(points, side, { color = COLORS.made, alpha = 0.4 } = {}) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = this.unit;
    context.beginPath();
    for (const across of [true, false])
      for (let line = 0; line < side; line++)
        for (let i = 0; i < side; i++) {
          const at = 2 * (across ? line * side + i : i * side + line);
          context[i ? "lineTo" : "moveTo"](this.x(points[at]), this.y(points[at + 1]));
        }
    context.stroke();
    context.globalAlpha = 1;
  }
  /** Ellipses along the axes around N centres, of half the size given by N scales. */
  ellipses(centres, scales, color) {
    const { context } = this;
    context.lineWidth = 1.3 * this.unit;
    for (let i = 0; i < centres.length / 2; i++) {
      context.strokeStyle = color(i, 0.95);
      context.fillStyle = color(i, 0.16);
      context.beginPath();
      context.ellipse(this.x(centres[2 * i]), this.y(centres[2 * i + 1]), this.length(scales[2 * i]), this.length(scales[2 * i + 1]), 0, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
  /** Circles around places, x and y: dashed, as of a distribution that is given. */
  circles(places, radii) {
    const { context } = this;
    context.strokeStyle = this.ink;
    context.globalAlpha = 0.5;
    context.lineWidth = this.unit;
    context.setLineDash([4 * this.unit, 4 * this.unit]);
    places.forEach(([x, y], i) => {
      context.beginPath();
      context.arc(this.x(x), this.y(y), this.length(radii[i]), 0, 2 * Math.PI);
      context.stroke();
    });
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
  /** Lines from N points to N others. */
  lines(from, to) {
    const { context } = this;
    context.strokeStyle = this.ink;
    context.globalAlpha = 0.35;
    context.lineWidth = this.unit;
    context.beginPath();
    for (let i = 0; i < from.length; i += 2) {
      context.moveTo(this.x(from[i]), this.y(from[i + 1]));
      context.lineTo(this.x(to[i]), this.y(to[i + 1]));
    }
    context.stroke();
    context.globalAlpha = 1;
  }
  /** A cross where the keyboard draws. */
  cross([x, y]) {
    const { context } = this;
    const size = 8 * this.unit;
    context.strokeStyle = this.ink;
    context.lineWidth = 2 * this.unit;
    context.beginPath();
    context.moveTo(this.x(x) - size, this.y(y));
    context.lineTo(this.x(x) + size, this.y(y));
    context.moveTo(this.x(x), this.y(y) - size);
    context.lineTo(this.x(x), this.y(y) + size);
    context.stroke();
  }
}
