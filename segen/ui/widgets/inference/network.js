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

/** Numbers that were sent in base64. */
const numbers = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

/**
 * A network by its name, with what is told of it: the `width` and `height` of what it works on, of a generator also how
 * many pictures it draws at once (`count`), the `latents` of its first seeds, one after the other, their `labels`, and
 * `directions` of latent space. `tell` is told what goes on. Throws Unable.
 */
export async function open(name, tell) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Unable("no_simd");
  tell("inference.making");
  const told = await described(name);
  tell("inference.loading", { megabytes: (told.bytes / 1e6).toFixed(1) });
  const content = await fetched(told);
  await ask({ content, told }, [content]);
  for (const each of ["latents", "directions"]) if (told[each]) told[each] = numbers(told[each]);
  return { ...told, segment, translate, draw };
}

const seen = (task) => (picture) => {
  const { buffer } = picture.data;
  const given = { pixels: new Uint8ClampedArray(buffer), width: picture.width, height: picture.height };
  return ask({ task, given }, [buffer]);
};

/** Of an ImageData: the class of each pixel, row by row, as `labels`, and the `milliseconds` that it took. */
const segment = seen("segment");
/** Of an ImageData: what becomes of it, RGBA, as `pixels`, and the `milliseconds` that it took. */
const translate = seen("translate");
/** Of latent vectors, and their classes if it takes them: each one's `pictures`, RGBA, and the `milliseconds`. */
const draw = (latents, labels) => ask({ task: "draw", given: { latents, labels } }, []);
