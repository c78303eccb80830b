// Runs one network. It is sent a file and the size of its input, and then pictures, no larger; it answers each message.

import * as ort from "./onnxruntime/ort.wasm.bundle.min.mjs";

let runtime = null;
let network = null; // {session, width, height}

/** ONNX Runtime's WebAssembly, which is served compressed. */
async function load() {
  const packed = await fetch(new URL("onnxruntime/ort-wasm-simd-threaded.wasm.gz", import.meta.url));
  const unpacked = packed.body.pipeThrough(new DecompressionStream("gzip"));
  ort.env.wasm.wasmBinary = await new Response(unpacked).arrayBuffer();
  ort.env.wasm.numThreads = 1;
}

async function open({ content, width, height }) {
  await (runtime ??= load());
  await network?.session.release();
  network = { session: await ort.InferenceSession.create(new Uint8Array(content)), width, height };
  return {};
}

/** Pixels in [-1, 1], by channels; the picture lies at the top left, its edge repeated to the right and below. */
function input(pixels, width, height) {
  const values = new Float32Array(3 * network.width * network.height);
  let place = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < network.height; row++) {
      const start = 4 * width * Math.min(row, height - 1) + channel;
      for (let column = 0; column < network.width; column++)
        values[place++] = pixels[start + 4 * Math.min(column, width - 1)] / 127.5 - 1;
    }
  return new ort.Tensor("float32", values, [1, 3, network.height, network.width]);
}

/** The most probable class of each pixel of the picture; one map alone is that of a sigmoid. */
function classes({ data, dims: [, count] }, width, height) {
  const labels = new Uint8Array(width * height);
  const area = network.width * network.height;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const place = row * network.width + column;
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

async function run({ pixels, width, height }) {
  const began = performance.now();
  const { logits } = await network.session.run({ pixels: input(new Uint8ClampedArray(pixels), width, height) });
  const labels = classes(logits, width, height);
  return { labels, milliseconds: performance.now() - began };
}

onmessage = async ({ data }) => {
  try {
    postMessage(await (data.content ? open(data) : run(data)));
  } catch (fault) {
    console.error(fault);
    postMessage({ fault: true });
  }
};
