// Loads the playground once it is in sight, from beside the page: TensorFlow.js and the modules of the folder
// playground. Its value is what playground.py gives: the table of settings, and those that a link asks for.

const parts = window.segen.parts(element);
const at = (name) => new URL(`playground/${name}`, document.baseURI).href;

let playground = null;
let opening = null;

async function open() {
  try {
    const [{ start }, { tensorflow }] = await Promise.all([import(at("main.js")), import(at("tensorflow.js"))]);
    const tf = await tensorflow();
    parts.loading.hidden = true;
    parts.lab.hidden = false;
    playground = start(tf, parts, props.value.table, tf.getBackend());
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
