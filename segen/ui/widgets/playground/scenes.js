// What is drawn of each model: on the plane of the data, and on a second plane beside it.

import { LATEST, mixture, SHOWN } from "./models.js";
import { COLORS, hue, middles } from "./picture.js";
import { source } from "./random.js";

const GRID = 13; // lines of the bent grid in each direction
const NOISE_REACH = 2.2;
const ARROWS = 15; // of a field, in a row
const ELLIPSES = 48;
const CHAIN_FRAMES = 70; // that samples take from noise to data, and CHAIN_REST more that they are looked at
const CHAIN_REST = 45;

const noiseGrid = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
  const place = i % 2 ? GRID - 1 - Math.floor(i / 2 / GRID) : Math.floor(i / 2) % GRID;
  return ((2 * place) / (GRID - 1) - 1) * NOISE_REACH;
});

const adversarial = {
  range: 1.45,
  secondRange: 3.2,
  plane(plane, scene) {
    const { model, reference, frame } = scene;
    // What costs most takes turns; a first picture has both.
    if (frame % 2 === 0) plane.tint((points) => model.surface(points));
    if (frame % 2 === 1 || frame === 0) scene.forces = model.forces(model.samples());
    plane.heatMap();
    plane.grid(model.places(noiseGrid), GRID, { alpha: 0.3 });
    plane.points(reference, COLORS.real, { radius: 2.2 });
    const samples = model.samples();
    plane.arrows(samples, scene.forces, { scale: 0.14, most: 0.4 });
    plane.points(samples, COLORS.made, { diamond: true });
  },
  second(plane, { model }) {
    plane.circles([[0, 0], [0, 0]], [1, 2]);
    plane.grid(noiseGrid, GRID);
    plane.points(model.shownNoise, COLORS.made, { diamond: true });
  },
};

/** The nearest of the modes to point i. */
const nearest = (points, i, modes) => {
  const gaps = modes.map(([x, y]) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y));
  return gaps.indexOf(Math.min(...gaps));
};

const vae = {
  range: 1.45,
  secondRange: 3.6,
  plane(plane, { model, reference, modes }) {
    const some = reference.subarray(0, 2 * SHOWN);
    plane.grid(model.places(noiseGrid), GRID, { alpha: 0.22 });
    plane.points(model.samples(), COLORS.made, { diamond: true, alpha: 0.55 });
    plane.lines(some, model.posteriors(some).decoded);
    plane.points(some, (i) => hue(nearest(some, i, modes), modes.length));
  },
  second(plane, { model, reference, modes }) {
    const some = reference.subarray(0, 2 * ELLIPSES);
    const { mean, scale } = model.posteriors(some);
    plane.grid(noiseGrid, GRID, { alpha: 0.22 });
    plane.circles([[0, 0], [0, 0]], [1, 2]);
    plane.ellipses(mean, scale, (i, alpha) => hue(nearest(some, i, modes), modes.length, alpha));
  },
};

const field = (plane, model, t, alpha) => {
  const places = middles(ARROWS, plane.range);
  plane.arrows(places, model.score(places, t), { scale: 0.05, most: 0.2, alpha });
};

const diffusion = {
  range: 2.3,
  secondRange: 2.3,
  plane(plane, { model, reference, still }) {
    plane.points(reference, COLORS.real, { radius: 1.8, alpha: 0.7 });
    if (still) return plane.points(model.samples(), COLORS.made, { diamond: true });
    const { chain } = model;
    const t = LATEST * (1 - Math.min(chain.at, chain.steps - 0.5) / chain.steps);
    field(plane, model, t, 0.35);
    plane.points(chain.points, COLORS.made, { diamond: true });
  },
  second(plane, { model, reference, settings }) {
    const [signal, share] = mixture(settings.level);
    const noise = source(1).normals(reference.length);
    plane.points(reference.map((value, i) => signal * value + share * noise[i]), COLORS.real, { radius: 1.8, alpha: 0.75 });
    field(plane, model, settings.level, 0.75);
  },
  /** Move the samples on from noise to data, and begin anew when they have been looked at. */
  move(scene) {
    const { model } = scene;
    const { steps, at } = model.chain;
    const due = Math.floor((scene.chainFrame / CHAIN_FRAMES) * steps);
    if (at < Math.min(due, steps)) model.advance();
    scene.chainFrame += 1;
    if (scene.chainFrame <= CHAIN_FRAMES + CHAIN_REST || at < steps) return;
    scene.chains += 1;
    scene.chainFrame = 0;
    model.start(source(model.settings.seed + 2 + scene.chains));
  },
};

const { judge, made, third, real } = COLORS;
export const SCENES = {
  gan: { ...adversarial, losses: { judge, generator: made } },
  wgan: { ...adversarial, losses: { judge, generator: made, distance: third } },
  vae: { ...vae, losses: { reconstruction: real, divergence: third } },
  diffusion: { ...diffusion, losses: { noise: judge } },
};
