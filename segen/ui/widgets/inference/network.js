// Cards' networks in this browser: each is fetched, its checksum compared, and run by a worker of its own, so that the
// page goes on meanwhile. ONNX Runtime Web computes by WebGPU where there is a graphics card, else on one thread of
// WebAssembly with SIMD.

const at = (path) => new URL(path, import.meta.url);
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11
); // a module of one function, whose value is a vector of 128 bits

const PATIENCE = 3000; // milliseconds for a graphics card to be found

/** Why a network cannot run here: the key of a sentence under "inference", or the server's own sentence. */
class Unable extends Error {
  constructor(key, sentence) {
    super(key);
    this.sentence = sentence ?? window.segen.say(`inference.${key}`);
  }
}

/** A worker: `ask` it a question, or `close` it. Whatever is asked of it after a fault, or once it is closed, fails. */
function begun() {
  const worker = new Worker(at("worker.js"), { type: "module" });
  const waiting = []; // for answers, which come in the order of the questions
  let closed = false;
  const close = () => {
    closed = true;
    worker.terminate();
    for (const { reject } of waiting.splice(0)) reject(new Unable("runtime"));
  };
  worker.onmessage = ({ data }) => (data.fault ? close() : waiting.shift().resolve(data));
  worker.onerror = (event) => {
    event.preventDefault(); // it is told
    close();
  };
  const ask = (question, transferred) =>
    new Promise((resolve, reject) => {
      if (closed) throw new Unable("runtime");
      waiting.push({ resolve, reject });
      worker.postMessage(question, transferred);
    });
  return { ask, close };
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
 * What computes: `webgpu` where a graphics card can be had, else `wasm`. ONNX Runtime waits for the card by JavaScript
 * Promise Integration, which Chrome and Edge have; an adapter that is software alone is slower than WebAssembly.
 */
async function provider() {
  if (!("Suspending" in WebAssembly) || !navigator.gpu) return "wasm";
  try {
    const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    const adapter = await Promise.race([navigator.gpu.requestAdapter(), late]);
    return !adapter || adapter.info.isFallbackAdapter ? "wasm" : "webgpu";
  } catch {
    return "wasm";
  }
}

/** Numbers that were sent in base64. */
const numbers = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

/**
 * A network by its name, with what is told of it: the `width` and `height` of what it works on, of a generator also how
 * many pictures it draws at once (`count`), the `latents` of its first seeds, one after the other, their `labels`, and
 * `directions` of latent space. `tell` is told what goes on; `close` frees its memory. Throws Unable.
 */
export async function open(name, tell) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Unable("no_simd");
  tell("inference.making");
  const told = await described(name);
  tell("inference.loading", { megabytes: (told.bytes / 1e6).toFixed(1) });
  const content = await fetched(told);
  const computes = await provider();
  const { ask, close } = begun();
  await ask({ content, told, provider: computes }, [content]);
  for (const each of ["latents", "directions"]) if (told[each]) told[each] = numbers(told[each]);
  // An answer tells the `milliseconds` that it took, and whether they were WebGPU's or WebAssembly's: `by`.
  const seen = (task) => (picture) => {
    const { buffer } = picture.data;
    const given = { pixels: new Uint8ClampedArray(buffer), width: picture.width, height: picture.height };
    return ask({ task, given }, [buffer]);
  };
  return {
    ...told,
    close,
    /** Of an ImageData: the class of each pixel, row by row, as `labels`. */
    segment: seen("segment"),
    /** Of an ImageData: a map of numbers for each class, row by row, one after the other, as `maps`. */
    logits: seen("logits"),
    /** Of an ImageData: what becomes of it, RGBA, as `pixels`. */
    translate: seen("translate"),
    /** Of latent vectors, and their classes if it takes them: each one's `pictures`, RGBA. */
    draw: (latents, labels) => ask({ task: "draw", given: { latents, labels } }, []),
  };
}
