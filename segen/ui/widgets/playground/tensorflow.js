// TensorFlow.js, loaded once whoever asks for it.

const at = (name) => new URL(`tensorflow/${name}`, import.meta.url).href;
let loading = null;

const script = (name) =>
  new Promise((resolve, reject) => {
    const node = Object.assign(document.createElement("script"), { src: at(name), onload: resolve, onerror: reject });
    document.head.append(node);
  });

async function load() {
  await script("tf.min.js");
  await script("tf-backend-wasm.min.js");
  const { tf } = window;
  tf.wasm.setWasmPaths(at(""));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // threads would add up numbers in another order
  const fast = typeof WebAssembly === "object" && (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"));
  if (!fast || !(await tf.setBackend("wasm"))) await tf.setBackend("cpu");
  return tf;
}

/** TensorFlow.js on WebAssembly, faster for nets this small than WebGL is, else in plain JavaScript. */
export const tensorflow = () => (loading ??= load().catch((fault) => {
  loading = null; // who asks again tries again
  throw fault;
}));
