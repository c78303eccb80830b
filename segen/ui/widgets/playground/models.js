// Four models of points in the plane. Each trains by `step()`, which may be a part of an iteration, draws its
// random numbers from the seed alone, and gives what the pictures show as plain arrays, without moving the run on.

import { SIDE } from "./data.js";
import { descent, perceptron, rows } from "./networks.js";
import { source } from "./random.js";

const BATCH = 96;
export const SHOWN = 240; // samples in the picture
const HIDDEN = [32, 32];
const PENALTY = 1; // the weight of the critic's slope in its loss; 10 is usual for pictures
const TIME_FEATURES = 5;
const FARTHEST = 1.2 * SIDE; // no clean point is taken to lie beyond
const PIXEL_SCALE = 0.15; // the standard deviation of p(x | z)

const column = (tf, values) => tf.tensor2d(values, [values.length, 1]);

/** What the models share: the settings that they were given, which may change as they train, and the seed. */
class Model {
  constructor(tf, settings, data) {
    Object.assign(this, { tf, settings, data, iterations: 0, losses: {} });
    this.random = source(settings.seed);
    this.shownNoise = source(settings.seed + 1).normals(2 * SHOWN);
    this.parts = [];
  }
  keep(part) {
    this.parts.push(part);
    return part;
  }
  real = () => rows(this.tf, this.data.batch(BATCH, this.random));
  noise = (width = 2) => this.tf.tensor2d(this.random.normals(BATCH * width), [BATCH, width]);
  step() {
    this.tf.tidy(() => this.train());
  }
  dispose() {
    for (const part of this.parts) part.dispose();
  }
}

/** What both adversarial models share: a generator, and a network that tells its points from real ones. */
class Adversarial extends Model {
  constructor(tf, settings, data, betas) {
    super(tf, settings, data);
    this.generator = this.keep(perceptron(tf, [2, ...HIDDEN, 2], this.random, { shrink: 0.3 }));
    this.judge = this.keep(perceptron(tf, [2, ...HIDDEN, 1], this.random));
    this.generatorDescent = this.keep(descent(tf, [this.generator], betas));
    this.judgeDescent = this.keep(descent(tf, [this.judge], betas));
    this.turn = 0;
  }
  /** One step of one network: `steps` of the judge, then `generator_steps` of the generator. */
  train() {
    const { steps, generator_steps = 1, judge_rate, generator_rate } = this.settings;
    if (this.turn < steps) {
      this.losses.judge = this.judgeDescent.step(this.judging(this.real(), this.generator.of(this.noise())), judge_rate);
    } else {
      const noise = this.noise();
      this.losses.generator = this.generatorDescent.step(
        () => this.generatorLoss(this.judge.of(this.generator.of(noise))), generator_rate
      );
    }
    this.turn += 1;
    if (this.turn >= steps + generator_steps) {
      this.turn = 0;
      this.iterations += 1;
    }
  }
  samples = () => this.tf.tidy(() => this.generator.of(rows(this.tf, this.shownNoise)).dataSync());
  /** Where the generator puts N points of its noise. */
  places = (noise) => this.tf.tidy(() => this.generator.of(rows(this.tf, noise)).dataSync());
  /** How each point should move for the generator's loss to fall: less its gradient there, N x 2. */
  forces(points) {
    const { tf } = this;
    const loss = (x) => tf.mul(this.generatorLoss(this.judge.of(x)), -points.length / 2);
    return tf.tidy(() => tf.grad(loss)(rows(tf, points)).dataSync());
  }
}

class Gan extends Adversarial {
  constructor(tf, settings, data) {
    super(tf, settings, data, { beta1: 0.5, epsilon: 1e-3 });
  }
  judging(real, made) {
    const { tf } = this;
    const wrong = (logits) => tf.mean(tf.softplus(logits));
    return () => tf.add(wrong(tf.neg(this.judge.of(real))), wrong(this.judge.of(made)));
  }
  generatorLoss(logits) {
    const { tf } = this;
    return this.settings.loss === "saturating"
      ? tf.neg(tf.mean(tf.softplus(logits))) // log(1 - D), to be made small
      : tf.mean(tf.softplus(tf.neg(logits))); // -log D
  }
  /** The probability to be real, at N points. */
  surface = (points) => this.tf.tidy(() => this.tf.sigmoid(this.judge.of(rows(this.tf, points))).dataSync());
}

class WassersteinGan extends Adversarial {
  constructor(tf, settings, data) {
    super(tf, settings, data, { beta1: 0.5, beta2: 0.9 });
  }
  judging(real, made) {
    const { tf, random } = this;
    const share = column(tf, Float32Array.from({ length: BATCH }, random.uniform));
    const between = tf.add(tf.mul(real, share), tf.mul(made, tf.sub(1, share)));
    return () => {
      const length = tf.sqrt(tf.add(tf.sum(tf.square(this.judge.slopes(between)), 1), 1e-8));
      const penalty = tf.mean(tf.square(tf.sub(length, 1)));
      const distance = tf.sub(tf.mean(this.judge.of(real)), tf.mean(this.judge.of(made)));
      this.losses.distance = distance.dataSync()[0];
      return tf.sub(tf.mul(penalty, PENALTY), distance);
    };
  }
  generatorLoss = (scores) => this.tf.neg(this.tf.mean(scores));
  /** The critic's scores at N points, moved and scaled to 0 to 1. */
  surface(points) {
    const scores = this.tf.tidy(() => this.judge.of(rows(this.tf, points)).dataSync());
    const [low, high] = scores.reduce(([low, high], score) => [Math.min(low, score), Math.max(high, score)], [Infinity, -Infinity]);
    return scores.map((score) => (score - low) / (high - low || 1));
  }
}

class Vae extends Model {
  constructor(tf, settings, data) {
    super(tf, settings, data);
    this.encoder = this.keep(perceptron(tf, [2, ...HIDDEN, 4], this.random, { shrink: 0.5 }));
    this.decoder = this.keep(perceptron(tf, [2, ...HIDDEN, 2], this.random));
    this.descent = this.keep(descent(tf, [this.encoder, this.decoder]));
  }
  /** Mean and log variance of q(z | x). */
  encoded = (x) => this.tf.split(this.encoder.of(x), 2, 1);
  train() {
    const { tf } = this;
    const [real, noise] = [this.real(), this.noise()];
    this.descent.step(() => {
      const [mean, logVariance] = this.encoded(real);
      const latent = tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logVariance, 0.5))));
      const errors = tf.sum(tf.square(tf.sub(this.decoder.of(latent), real)), 1);
      const reconstruction = tf.mul(tf.mean(errors), 0.5 / PIXEL_SCALE ** 2);
      const each = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
      const divergence = tf.mul(tf.mean(tf.sum(each, 1)), 0.5);
      this.losses = { reconstruction: reconstruction.dataSync()[0], divergence: divergence.dataSync()[0] };
      return tf.add(reconstruction, tf.mul(divergence, this.settings.beta));
    }, this.settings.rate);
    this.iterations += 1;
  }
  samples = () => this.places(this.shownNoise);
  places = (latents) => this.tf.tidy(() => this.decoder.of(rows(this.tf, latents)).dataSync());
  /** Mean and standard deviation of q(z | x) at N points, N x 2 each, and what becomes of the means. */
  posteriors(points) {
    return this.tf.tidy(() => {
      const [mean, logVariance] = this.encoded(rows(this.tf, points));
      const scale = this.tf.exp(this.tf.mul(logVariance, 0.5));
      return { mean: mean.dataSync(), scale: scale.dataSync(), decoded: this.decoder.of(mean).dataSync() };
    });
  }
}

/** The share of the signal in a point at time t, 0 to 1, and that of the noise (Nichol and Dhariwal's cosine). */
export const mixture = (t) => [Math.cos((Math.PI / 2) * t), Math.sin((Math.PI / 2) * t)];
export const LATEST = 0.99; // the time where nothing but noise is left, or the score at it would be divided by 0

class Diffusion extends Model {
  constructor(tf, settings, data) {
    super(tf, settings, data);
    this.network = this.keep(perceptron(tf, [2 + TIME_FEATURES, 64, 64, 2], this.random, { shrink: 0.3 }));
    this.descent = this.keep(descent(tf, [this.network]));
    this.start(source(settings.seed + 2));
  }
  /** Points beside the features of their times, N x (2 + TIME_FEATURES). */
  timed(points, times) {
    const features = new Float32Array(times.length * TIME_FEATURES);
    times.forEach((t, i) =>
      features.set([t, Math.sin(Math.PI * t), Math.cos(Math.PI * t), Math.sin(4 * t), Math.exp(-8 * t)], i * TIME_FEATURES)
    );
    return this.tf.concat([points, this.tf.tensor2d(features, [times.length, TIME_FEATURES])], 1);
  }
  train() {
    const { tf, random } = this;
    const times = Float32Array.from({ length: BATCH }, () => LATEST * random.uniform());
    const [signal, share] = [0, 1].map((part) => column(tf, times.map((t) => mixture(t)[part])));
    const noise = this.noise();
    const noised = this.timed(tf.add(tf.mul(this.real(), signal), tf.mul(noise, share)), times);
    const loss = () => tf.mean(tf.square(tf.sub(this.network.of(noised), noise)));
    this.losses.noise = this.descent.step(loss, this.settings.rate);
    this.iterations += 1;
  }
  /** The noise that the network sees in N points of one time, N x 2. */
  predicted(points, t) {
    const times = new Float32Array(points.length / 2).fill(t);
    return this.tf.tidy(() => this.network.of(this.timed(rows(this.tf, points), times)).dataSync());
  }
  /** The score, the gradient of log p, at N points of one time. */
  score(points, t) {
    const share = mixture(t)[1];
    return this.predicted(points, t).map((value) => -value / share);
  }
  /** Begin a new set of samples from pure noise. */
  start(random) {
    this.chain = { points: random.normals(2 * SHOWN), at: 0, steps: this.settings.sampling_steps };
  }
  /** One step of the sampler from noise to data (DDIM, with no new noise); false once the samples are done. */
  advance() {
    const { chain } = this;
    if (chain.at >= chain.steps) return false;
    const [now, next] = [0, 1].map((more) => LATEST * (1 - (chain.at + more) / chain.steps));
    const [signal, share] = mixture(now);
    const [nextSignal, nextShare] = mixture(next);
    const noise = this.predicted(chain.points, now);
    chain.points = chain.points.map((value, i) => {
      const clean = Math.max(-FARTHEST, Math.min(FARTHEST, (value - share * noise[i]) / signal));
      return nextSignal * clean + nextShare * noise[i];
    });
    chain.at += 1;
    return true;
  }
  /** A whole set of samples of the seed's noise. */
  samples() {
    const { chain } = this;
    this.chain = { points: this.shownNoise, at: 0, steps: this.settings.sampling_steps };
    while (this.advance());
    const { points } = this.chain;
    this.chain = chain;
    return points;
  }
}

export const MODELS = { gan: Gan, wgan: WassersteinGan, vae: Vae, diffusion: Diffusion };

/** The model that the settings name, untrained. */
export const build = (tf, settings, data) => new MODELS[settings.model](tf, settings, data);
