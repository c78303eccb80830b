// Loads the playground once it is in sight, from beside the page: TensorFlow.js and the modules of the folder
// playground. Its value is what playground.py gives: the table of settings, and those that a link asks for.

const parts = window.segen.parts(element);
const at = (name) => new URL(`playground/${name}`, document.baseURI).href;

const script = (name) =>
  new Promise((resolve, reject) => {
    const node = Object.assign(document.createElement("script"), { src: at(name), onload: resolve, onerror: reject });
    document.head.append(node);
  });

/** TensorFlow.js on WebAssembly, faster for nets this small than WebGL is, else in plain JavaScript: its name. */
async function begin() {
  await script("tensorflow/tf.min.js");
  await script("tensorflow/tf-backend-wasm.min.js");
  const { tf } = window;
  tf.wasm.setWasmPaths(at("tensorflow/"));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // threads would add up numbers in another order
  const fast = typeof WebAssembly === "object" && (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"));
  if (!fast || !(await tf.setBackend("wasm"))) await tf.setBackend("cpu");
  return tf.getBackend();
}

let playground = null;
let opening = null;

async function open() {
  try {
    const [{ start }, backend] = await Promise.all([import(at("main.js")), begin()]);
    parts.loading.hidden = true;
    parts.lab.hidden = false;
    playground = start(window.tf, parts, props.value.table, backend);
    playground.take(props.value.asked);
    playground.run(true);
  } catch (fault) {
    console.error(fault);
    parts.loading.textContent = window.segen.say("playground.not_loaded");
  }
}

new IntersectionObserver(([entry], observer) => {
  if (!entry.isIntersecting || !props.value) return;
  observer.disconnect();
  opening ??= open();
}).observe(element);

watch("value", () => playground?.take(props.value.asked));
