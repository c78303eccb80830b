// Runs one network. It is sent a file and what is told of it, once, and then what the network is to work on; it answers
// each message.

import { READ, thresholded } from "./reading.js";

const MIN_SIDE = 32;
const BUILDS = {
  wasm: { by: "WebAssembly", script: "ort.wasm.bundle.min.mjs", binary: "ort-wasm-simd-threaded.wasm.gz" },
  webgpu: { by: "WebGPU", script: "ort.jspi.bundle.min.mjs", binary: "ort-wasm-simd-threaded.jspi.wasm.gz" },
}; // of ONNX Runtime; their WebAssembly is served compressed
let ort = null;
let network = null; // {session, told, provider, content}, the last for another build, if this one fails

const at = (path) => new URL(`onnxruntime/${path}`, import.meta.url);

async function open({ content, told, provider }) {
  const { script, binary } = BUILDS[provider];
  ort = await import(at(script));
  const unpacked = (await fetch(at(binary))).body.pipeThrough(new DecompressionStream("gzip"));
  ort.env.wasm.wasmBinary = await new Response(unpacked).arrayBuffer();
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(new Uint8Array(content), { executionProviders: [provider] });
  network?.session.release().catch(() => null); // of a card that is lost
  network = { session, told, provider, content: provider === "wasm" ? null : content };
  return {};
}

/** Planes of values in [-1, 1] as the network's input: the picture at the top left, its edge repeated beyond it. */
function input(planes, width, height) {
  const [rows, columns] = network.told.multiples.map((multiple, side) => {
    const length = side ? width : height;
    return Math.max(MIN_SIDE, Math.ceil(length / multiple) * multiple);
  });
  const values = new Float32Array(planes.length * columns * rows);
  let place = 0;
  for (const plane of planes)
    for (let row = 0; row < rows; row++) {
      const start = width * Math.min(row, height - 1);
      for (let column = 0; column < columns; column++) values[place++] = plane[start + Math.min(column, width - 1)];
    }
  return new ort.Tensor("float32", values, [1, planes.length, rows, columns]);
}

/** The most probable class of each pixel of the picture; one map alone is that of a sigmoid. */
function classes({ data, dims: [, count, rows, columns] }, width, height) {
  const labels = new Uint8Array(width * height);
  const area = rows * columns;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const place = row * columns + column;
      let best = 0;
      let most = count === 1 ? 0 : data[place];
      for (let id = count === 1 ? 0 : 1; id < count; id++)
        if (data[id * area + place] > most) {
          most = data[id * area + place];
          best = count === 1 ? 1 : id;
        }
      labels[row * width + column] = best;
    }
  return labels;
}

/** Picture `number` of N x C x rows x columns values in [-1, 1]: RGBA of width x height from this place on. */
function picture({ data, dims: [, channels, rows, columns] }, number, left, top, width, height) {
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    const plane = (number * channels + Math.min(channel, channels - 1)) * rows * columns;
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        pixels[4 * (row * width + column) + channel] =
          Math.round((data[plane + (top + row) * columns + left + column] + 1) * 127.5);
  }
  return pixels;
}

const answers = {
  /** The class of each pixel of a picture that fits into the network's size. */
  async segment({ pixels, width, height }) {
    const { logits } = await network.session.run({ pixels: input(READ.photograph(pixels), width, height) });
    return { labels: classes(logits, width, height) };
  },
  /** The logits of each class of such a picture, as large; of a network with several classes. */
  async logits({ pixels, width, height }) {
    const { logits } = await network.session.run({ pixels: input(READ.photograph(pixels), width, height) });
    const [, count, rows, columns] = logits.dims;
    const maps = new Float32Array(count * width * height);
    for (let row = 0; row < count * height; row++) {
      const start = (Math.floor(row / height) * rows + (row % height)) * columns;
      maps.set(logits.data.subarray(start, start + width), row * width);
    }
    return { maps };
  },
  /** What the network makes of such a picture: RGBA, as large; and whether it was made a mask by a threshold. */
  async translate({ pixels, width, height }) {
    const { drawn } = await network.session.run({ pixels: input(READ[network.told.reads](pixels), width, height) });
    const read = thresholded(network.told.reads, pixels);
    return { pixels: picture(drawn, 0, 0, 0, width, height), thresholded: read };
  },
  /** The pictures of latent vectors, one after the other, and of classes where the network takes them: RGBA. */
  async draw({ latents, labels }) {
    const { count, width, height } = network.told;
    const given = { latents: new ort.Tensor("float32", latents, [count, latents.length / count]) };
    if (labels) given.label = new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [count]);
    const { pixels } = await network.session.run(given);
    const [, , rows, columns] = pixels.dims;
    const [left, top] = [(columns - width) / 2, (rows - height) / 2];
    return { pictures: Array.from({ length: count }, (_, i) => picture(pixels, i, left, top, width, height)) };
  },
};

async function run({ task, given }) {
  const began = performance.now();
  const answer = await answers[task](given);
  return { ...answer, milliseconds: performance.now() - began, by: BUILDS[network.provider].by };
}

/** The answer to a message; where the graphics card fails, WebAssembly goes on. */
async function answered(data) {
  try {
    return await (data.content ? open(data) : run(data));
  } catch (fault) {
    const { content, told, provider } = data.content ? data : network;
    if (provider === "wasm") throw fault;
    console.warn(fault);
    const opened = await open({ content, told, provider: "wasm" });
    return data.content ? opened : run(data);
  }
}

/** One after the other: ONNX Runtime's WebGPU cannot run twice at once. */
let before = Promise.resolve();
onmessage = ({ data }) => (before = before.then(() => told(data)));

async function told(data) {
  try {
    postMessage(await answered(data));
  } catch (fault) {
    console.error(fault);
    postMessage({ fault: true });
  }
}
