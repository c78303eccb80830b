// A pixel classifier that strokes teach, without a server: the logistic regression of segen/models/teaching/regression.py
// on a pixel's colour and on what a network takes it for, learned by TensorFlow.js.

const TO_XYZ = [
  [0.412453, 0.212671, 0.019334],
  [0.35758, 0.71516, 0.119193],
  [0.180423, 0.072169, 0.950227],
]; // of linear RGB, D65, transposed
const WHITE = [0.95047, 1, 1.08883];
const STEPS = 150;
const RATE = 0.15;
const MOST = 2000; // cells that a class learns from
const SURE = 1e4; // taken from the logit of a class without a stroke
const AROUND = 0.02; // the certainty of a place is that of its surroundings, a Gaussian of this share of the longer side

/** h x w x C numbers through a Gaussian; beyond the border the picture is mirrored, or nought. */
function blurred(tf, values, sigma, beyond) {
  const reach = Math.ceil(4 * sigma);
  const taps = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = taps.reduce((total, tap) => total + tap);
  for (const axis of [0, 1]) {
    const size = values.shape[axis];
    const mirrored = (place) => {
      while (place < 0 || place >= size) place = place < 0 ? -1 - place : 2 * size - 1 - place;
      return place;
    };
    const from = Int32Array.from({ length: size + 2 * reach }, (_, i) => mirrored(i - reach));
    const padded =
      beyond === "mirrored"
        ? tf.gather(values, tf.tensor1d(from, "int32"), axis)
        : tf.pad(values, [0, 1, 2].map((side) => (side === axis ? [reach, reach] : [0, 0])));
    const channels = values.shape[2];
    const kernel = taps.flatMap((tap) => Array(channels).fill(tap / sum));
    const shape = axis ? [1, taps.length, channels, 1] : [taps.length, 1, channels, 1];
    values = tf.squeeze(tf.depthwiseConv2d(tf.expandDims(padded, 0), tf.tensor4d(kernel, shape), 1, "valid"), [0]);
  }
  return values;
}

/** CIE Lab over 100 of an ImageData, through a Gaussian of one pixel: P x 3. */
function colors(tf, { data, width, height }) {
  const levels = Float32Array.from({ length: 3 * width * height }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)] / 255);
  const rgb = tf.tensor2d(levels, [width * height, 3]);
  const linear = tf.where(tf.greater(rgb, 0.04045), tf.pow(tf.div(tf.add(rgb, 0.055), 1.055), 2.4), tf.div(rgb, 12.92));
  const xyz = tf.div(tf.matMul(linear, tf.tensor2d(TO_XYZ)), tf.tensor1d(WHITE));
  const cube = tf.where(tf.greater(xyz, 0.008856), tf.pow(xyz, 1 / 3), tf.add(tf.mul(xyz, 7.787), 16 / 116));
  const [x, y, z] = tf.unstack(cube, 1);
  const lab = tf.stack([tf.sub(tf.mul(y, 1.16), 0.16), tf.mul(tf.sub(x, y), 5), tf.mul(tf.sub(y, z), 2)], 1);
  return tf.reshape(blurred(tf, tf.reshape(lab, [height, width, 3]), 1, "mirrored"), [-1, 3]);
}

/** What a classifier knows of the pixels of an ImageData, P x N numbers, of which a network has these logits, C x P. */
export function numbers(tf, picture, logits, { color, product, told, grey }) {
  return tf.tidy(() => {
    const lab = colors(tf, picture);
    const { mean, variance } = tf.moments(lab, 0);
    const deviation = tf.sqrt(variance);
    const varied = Math.max(1, tf.sum(tf.cast(tf.greater(deviation, grey), "float32")).dataSync()[0]);
    const unit = tf.mul(tf.maximum(deviation, grey), Math.sqrt(varied / 3));
    const parts = tf.div(tf.sub(lab, mean), unit);
    const [x, y, z] = tf.unstack(parts, 1);
    const products = [[x, x], [x, y], [x, z], [y, y], [y, z], [z, z]].map(([one, other]) => tf.mul(one, other));
    const maps = tf.transpose(tf.tensor2d(logits, [logits.length / lab.shape[0], lab.shape[0]]));
    return tf.concat([tf.mul(parts, color), tf.mul(tf.stack(products, 1), product), tf.mul(tf.softmax(maps), told)], 1);
  });
}

/** Of cells every so many, MOST at most. */
const thinned = (cells) => cells.filter((_, place) => place % Math.ceil(cells.length / MOST) === 0);

/** The weights, N + 1 rows of classes, the last one the bias, that tell the `ids` of these `cells` of the pixels. */
function learned(tf, pixels, all, classes, penalty) {
  const kept = Array.from({ length: classes }, (_, id) => thinned(all.filter((each) => each.id === id))).flat();
  const [cells, ids] = [kept.map(({ cell }) => cell), kept.map(({ id }) => id)];
  const counts = Array(classes).fill(0);
  for (const id of ids) counts[id]++;
  const drawn = counts.filter(Boolean).length;
  const shares = Float32Array.from(ids, (id) => ids.length / (drawn * counts[id]));
  const seen = tf.gather(pixels, tf.tensor1d(cells, "int32"));
  const right = tf.oneHot(tf.tensor1d(ids, "int32"), classes);
  const absent = tf.tensor1d(counts.map((count) => (count ? 0 : -SURE)));
  const weights = tf.variable(tf.zeros([seen.shape[1], classes]));
  const bias = tf.variable(tf.zeros([classes]));
  const adam = tf.train.adam(RATE);
  const loss = () => {
    const logits = tf.add(tf.add(tf.matMul(seen, weights), bias), absent);
    const missed = tf.neg(tf.sum(tf.mul(right, tf.logSoftmax(logits)), 1));
    return tf.add(tf.mean(tf.mul(missed, shares)), tf.mul(tf.sum(tf.square(weights)), 1 / (2 * penalty * all.length)));
  };
  try {
    for (let step = 0; step < STEPS; step++) adam.minimize(loss, false, [weights, bias]);
    return tf.concat([weights, tf.expandDims(tf.add(bias, absent), 0)]);
  } finally {
    for (const part of [weights, bias, adam]) part.dispose();
  }
}

/** Where strokes of these classes touch the cells of a grid: each cell with the id of each class, once. */
function touched({ ids, width, height }, grid, classes) {
  const found = new Set();
  ids.forEach((id, place) => {
    if (!classes.has(id)) return;
    const row = Math.floor((Math.floor(place / width) * grid.height) / height);
    const column = Math.floor(((place % width) * grid.width) / width);
    found.add(256 * (row * grid.width + column) + id);
  });
  return [...found].sort((one, other) => one - other).map((pair) => ({ cell: Math.floor(pair / 256), id: pair % 256 }));
}

/**
 * The class of each pixel, by strokes of at least two: `labels` of the strokes' size, how many were `drawn`, and as `mark`
 * the place, in shares of the sides, around which two are closest. `pixels` is what `numbers` gives for a grid, `known` a
 * set of ids below 255; null without two.
 */
export function taught(tf, pixels, grid, strokes, known, { penalty }) {
  const cells = touched(strokes, grid, known);
  const drawn = new Set(cells.map(({ id }) => id)).size;
  if (drawn < 2) return null;
  return tf.tidy(() => {
    const size = pixels.shape[1];
    const classes = 1 + Math.max(...known);
    const found = learned(tf, pixels, cells, classes, penalty);
    const logits = tf.add(tf.matMul(pixels, tf.slice(found, [0, 0], [size, classes])), tf.slice(found, [size, 0]));
    const shares = tf.reshape(tf.softmax(logits), [grid.height, grid.width, classes]);
    const large = tf.image.resizeBilinear(shares, [strokes.height, strokes.width], false, true);
    const labels = Uint8Array.from(tf.argMax(large, 2).dataSync());
    const [first, second] = tf.unstack(tf.topk(shares, 2).values, 2);
    const doubt = tf.sub(1, tf.sub(first, second)).dataSync().slice();
    for (const { cell } of cells) doubt[cell] = 0;
    const sigma = AROUND * Math.max(grid.width, grid.height);
    const around = blurred(tf, tf.tensor3d(doubt, [grid.height, grid.width, 1]), sigma, "nought");
    const place = tf.argMax(tf.reshape(around, [-1])).dataSync()[0];
    const mark = [((place % grid.width) + 0.5) / grid.width, (Math.floor(place / grid.width) + 0.5) / grid.height];
    return { labels, drawn, mark };
  });
}
