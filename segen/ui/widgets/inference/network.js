// A card's network in this browser: fetched once, its checksum compared, and run by a worker, so that the page goes on
// meanwhile. ONNX Runtime Web computes on one thread of WebAssembly with SIMD.

const at = (path) => new URL(path, import.meta.url);
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11
); // a module of one function, whose value is a vector of 128 bits

/** Why a network cannot run here: the key of a sentence under "inference", or the server's own sentence. */
class Unable extends Error {
  constructor(key, sentence) {
    super(key);
    this.sentence = sentence ?? window.segen.say(`inference.${key}`);
  }
}

let worker = null;
let answers = []; // what becomes of what was asked of the worker, in turn

function ask(question, transferred) {
  worker ??= begun();
  return new Promise((resolve, reject) => {
    answers.push({ resolve, reject });
    worker.postMessage(question, transferred);
  });
}

function begun() {
  const started = new Worker(at("worker.js"), { type: "module" });
  const fail = () => {
    worker = null;
    started.terminate();
    for (const { reject } of answers.splice(0)) reject(new Unable("runtime"));
  };
  started.onmessage = ({ data }) => (data.fault ? fail() : answers.shift().resolve(data));
  started.onerror = (event) => {
    event.preventDefault(); // it is told
    fail();
  };
  return started;
}

/** Where the network of a card is to be had, and of what size; the server makes it where it is not there yet. */
async function described(name) {
  const address = at(`../networks/${name}.json?lang=${window.segen.language}`);
  const answer = await fetch(address).catch(() => ({ ok: false }));
  const told = await answer.json?.().catch(() => ({}));
  if (!answer.ok) throw new Unable("away", told?.error);
  return told;
}

/** The file; the browser itself refuses one that does not match its checksum. */
async function fetched({ address, integrity }) {
  try {
    const answer = await fetch(at(`../networks/${address}`), { integrity });
    return await answer.arrayBuffer();
  } catch {
    throw new Unable("damaged");
  }
}

/**
 * The network of a card, for pictures that fit into its `width` and `height`; one at a time is open. `tell` is told
 * what goes on. Throws Unable.
 */
export async function open(name, tell) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Unable("no_simd");
  tell("inference.making");
  const told = await described(name);
  tell("inference.loading", { megabytes: (told.bytes / 1e6).toFixed(1) });
  const content = await fetched(told);
  const { width, height } = told;
  await ask({ content, width, height }, [content]);
  return { width, height, run };
}

/** The class of each pixel of an ImageData, row by row, as `labels`, and the `milliseconds` that it took. */
const run = (picture) =>
  ask({ pixels: picture.data.buffer, width: picture.width, height: picture.height }, [picture.data.buffer]);
