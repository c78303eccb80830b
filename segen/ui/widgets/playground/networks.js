// A multilayer perceptron in TensorFlow.js, with its optimizer.

const WIDTH = 2; // standard deviation of the first layer's weights: shapes of the plane are small beside it

/** Layers of `sizes`, tanh between them. `shrink` scales the weights that the last layer begins with. */
export function perceptron(tf, sizes, random, { shrink = 1 } = {}) {
  const weights = [];
  sizes.slice(1).forEach((after, layer) => {
    const before = sizes[layer];
    const scale = layer ? Math.sqrt(2 / (before + after)) * (layer === sizes.length - 2 ? shrink : 1.5) : WIDTH;
    const drawn = (rows, deviation) =>
      tf.tensor2d(random.normals(rows * after).map((value) => value * deviation), [rows, after]);
    tf.tidy(() => weights.push(tf.variable(drawn(before, scale)), tf.variable(drawn(1, layer ? 0 : 0.7 * WIDTH))));
  });
  return {
    weights,
    /** What the network makes of N x sizes[0] numbers: N x the last size. */
    of(x) {
      for (let i = 0; i < weights.length; i += 2) {
        x = tf.add(tf.matMul(x, weights[i]), weights[i + 1]);
        if (i < weights.length - 2) x = tf.tanh(x);
      }
      return x;
    },
    /**
     * The gradient of the one output at N points, N x sizes[0], written out: what TensorFlow.js gives for a gradient of
     * a gradient is wrong, since it takes the saved outputs of tanh as constants.
     */
    slopes(x) {
      const hidden = [];
      for (let i = 0; i < weights.length - 2; i += 2) {
        x = tf.tanh(tf.add(tf.matMul(x, weights[i]), weights[i + 1]));
        hidden.push(x);
      }
      let slope = tf.transpose(weights.at(-2));
      for (let i = hidden.length - 1; i >= 0; i--)
        slope = tf.matMul(tf.mul(slope, tf.sub(1, tf.square(hidden[i]))), weights[2 * i], false, true);
      return slope;
    },
    dispose: () => weights.forEach((each) => each.dispose()),
  };
}

/**
 * Adam over the weights of some networks; `step(loss, rate)` makes one step down and gives the loss's value. Gradients
 * smaller than `epsilon` make smaller steps: with the usual 1e-7 Adam would hide that they vanish.
 */
export function descent(tf, networks, { beta1 = 0.9, beta2 = 0.99, epsilon = 1e-7 } = {}) {
  const weights = networks.flatMap((network) => network.weights);
  const adam = tf.train.adam(0.001, beta1, beta2, epsilon);
  return {
    step(loss, rate) {
      const { value, grads } = tf.variableGrads(loss, weights);
      adam.learningRate = rate;
      adam.applyGradients(grads);
      return value.dataSync()[0];
    },
    dispose: () => adam.dispose(),
  };
}

/** N x 2 numbers of x and y in turn. */
export const rows = (tf, points) => tf.tensor2d(points, [points.length / 2, 2]);
