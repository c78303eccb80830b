// Points of the plane to learn from, and how many of their modes a model's samples reach.

export const SHAPES = ["ring", "grid", "moons", "spiral", "drawn"];
export const SIDE = 1.25; // points lie in the square from -SIDE to SIDE
const NEAR = 0.17; // a sample belongs to a mode, or to the data, within this distance
const NOISE = 0.045; // standard deviation of points around their curve or centre
const MOST_DRAWN = 400;

const turn = (share, radius) => [radius * Math.cos(2 * Math.PI * share), radius * Math.sin(2 * Math.PI * share)];

const moon = (share) => {
  const lower = share >= 0.5;
  const angle = Math.PI * (share % 0.5) * 2;
  return lower
    ? [0.35 - 0.7 * Math.cos(angle), 0.2 - 0.75 * Math.sin(angle)]
    : [-0.35 + 0.7 * Math.cos(angle), -0.2 + 0.75 * Math.sin(angle)];
};

/** Where a shape's point number `share`, from 0 to 1, lies before noise; modes are those of evenly spread shares. */
const CURVES = {
  ring: { modes: 8, separate: true, at: (share) => turn(share, 0.9) },
  grid: { modes: 9, separate: true, at: (share) => [(Math.floor(share * 9) % 3) * 0.8 - 0.8, Math.floor(share * 3) * 0.8 - 0.8] },
  moons: { modes: 10, at: moon },
  spiral: { modes: 12, at: (share) => turn(0.25 + 1.6 * Math.sqrt(0.02 + 0.98 * share), 0.15 + 0.9 * Math.sqrt(0.02 + 0.98 * share)) },
};

/** The data of a shape: `batch(count, random)` draws points, x and y in turn; `modes` are its centres. */
export function dataOf(shape, drawn = []) {
  if (shape === "drawn") {
    const points = inPlane(drawn);
    return { modes: spread(points, 10), batch: (count, random) => points.length ? around(count, random, () => points[Math.floor(random.uniform() * points.length)], 0.02) : null };
  }
  const { modes, separate, at } = CURVES[shape];
  const share = (random) => (separate ? Math.floor(random.uniform() * modes) / modes + 0.001 : random.uniform());
  return {
    modes: Array.from({ length: modes }, (_, mode) => at((mode + (separate ? 0.001 * modes : 0.5)) / modes)),
    batch: (count, random) => around(count, random, () => at(share(random)), NOISE),
  };
}

/** Those of the points that lie in the plane, the latest MOST_DRAWN of them. */
export function inPlane(points) {
  const within = (value) => Number.isFinite(value) && Math.abs(value) <= SIDE;
  return points.filter(([x, y]) => within(x) && within(y)).slice(-MOST_DRAWN);
}

function around(count, random, centre, noise) {
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = centre();
    points[2 * i] = x + noise * random.normal();
    points[2 * i + 1] = y + noise * random.normal();
  }
  return points;
}

/** At most `count` of the points, each as far as can be from those before it. */
function spread(points, count) {
  const chosen = points.slice(0, 1);
  while (chosen.length < Math.min(count, points.length)) {
    const gap = (point) => Math.min(...chosen.map((other) => Math.hypot(point[0] - other[0], point[1] - other[1])));
    const next = points.reduce((best, point) => (gap(point) > gap(best) ? point : best));
    if (gap(next) < NEAR) break;
    chosen.push(next);
  }
  return chosen;
}

/**
 * How well samples, x and y in turn, fit the data: `covered` counts the modes that at least a quarter of their
 * fair share of the samples is near to, `onData` is the share of samples that are near to one of `points`.
 */
export function measure(samples, modes, points) {
  const count = samples.length / 2;
  const near = (i, x, y) => (samples[2 * i] - x) ** 2 + (samples[2 * i + 1] - y) ** 2 < NEAR * NEAR;
  const reach = modes.map(([x, y]) => {
    let found = 0;
    for (let i = 0; i < count; i++) found += near(i, x, y);
    return found >= count / modes.length / 4;
  });
  let good = 0;
  for (let i = 0; i < count; i++) {
    let found = false;
    for (let j = 0; j < points.length && !found; j += 2) found = near(i, points[j], points[j + 1]);
    good += found;
  }
  return { covered: reach.filter(Boolean).length, reach, onData: count ? good / count : 0 };
}
