// Training replay. Its value holds all there is to show (see snapshots.py), at first without the frames: those are
// asked for once the view is seen, and from then on the slider and the play button ask the server nothing.

const MILLISECONDS = 350; // of a frame while it plays

const { words } = window.segen;
const parts = window.segen.parts(element);

let current = null;
let visible = false;
let asked = null; // the model whose frames were asked for
let timer = null;

function open(value) {
  const same = current && value && current.model === value.model;
  current = value;
  parts.result.hidden = value === null;
  if (value === null) return stop();
  if (!same) {
    stop();
    asked = null;
    parts.slider.max = value.places.length - 1;
    parts.slider.value = value.places.length - 1;
  }
  parts.look.textContent = value.look;
  parts.charts.innerHTML = value.charts;
  show();
  ask();
}

/** Show the snapshot that the slider is at. */
function show() {
  const at = Number(parts.slider.value);
  element.style.setProperty("--at", current.places[at]);
  const said = current.said[at];
  parts.said.textContent = parts.frame.alt = said;
  parts.slider.setAttribute("aria-valuetext", said);
  if (current.frames) parts.frame.src = current.frames[at];
  else parts.frame.removeAttribute("src");
  for (const node of parts.charts.querySelectorAll("[data-values]"))
    node.textContent = JSON.parse(node.dataset.values)[at];
}

function ask() {
  if (!visible || !current || current.frames || asked === current.model) return;
  asked = current.model;
  trigger("seen");
}

function stop() {
  clearInterval(timer);
  timer = null;
  parts.play.textContent = words["generate.play"];
}

function play() {
  if (parts.slider.value === parts.slider.max) parts.slider.value = 0;
  parts.play.textContent = words["generate.pause"];
  show();
  timer = setInterval(() => {
    parts.slider.value = Number(parts.slider.value) + 1;
    show();
    if (parts.slider.value === parts.slider.max) stop();
  }, MILLISECONDS);
}

parts.play.onclick = () => (timer === null ? play() : stop());
parts.slider.oninput = () => {
  stop();
  show();
};

new IntersectionObserver((entries) => {
  visible = entries.at(-1).isIntersecting;
  ask();
}).observe(element);

const update = () => open(props.value || null); // Gradio gives "" for none
watch("value", update);
stop();
update();
