// The map of latent space: dragging, clicking and the arrow keys tell the server where its centre goes.
// Fingers drag it sideways only, so that they can still scroll the page past it (touch-action in page.css).

const parts = window.segen.parts(element);

let current = null;
let from = null; // where a pointer went down, {pointer, x, y}

function shift(across, down) {
  parts.map.style.transform = across || down ? `translate(${across}px, ${down}px)` : "";
}

function open(value) {
  current = value;
  parts.empty.hidden = value !== null;
  parts.result.hidden = value === null;
  if (value === null) return;
  parts.map.src = value.map;
  parts.centre.src = value.centre;
  parts.centre.alt = parts.said.textContent = value.said;
  parts.frame.style.setProperty("--side", value.side);
  shift(0, 0);
}

/** Move the centre by so many cells to the right and down. */
function move(right, down) {
  trigger("move", { x: current.x + right * current.step, y: current.y - down * current.step });
}

const cellSize = () => parts.frame.clientWidth / current.side;

parts.frame.addEventListener("pointerdown", (event) => {
  if (event.button || from) return;
  from = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
  parts.frame.setPointerCapture(event.pointerId);
});
parts.frame.addEventListener("pointermove", (event) => {
  if (from?.pointer === event.pointerId) shift(event.clientX - from.x, event.clientY - from.y);
});
parts.frame.addEventListener("pointerup", (event) => {
  if (from?.pointer !== event.pointerId) return;
  const across = event.clientX - from.x;
  const down = event.clientY - from.y;
  from = null;
  if (Math.hypot(across, down) > 4) return move(-across / cellSize(), -down / cellSize());
  const box = parts.frame.getBoundingClientRect();
  const middle = (current.side - 1) / 2;
  const cell = (place) => Math.max(0, Math.min(current.side - 1, Math.floor(place / cellSize()))) - middle;
  move(cell(event.clientX - box.left), cell(event.clientY - box.top));
});
parts.frame.addEventListener("pointercancel", (event) => {
  if (from?.pointer !== event.pointerId) return;
  from = null;
  shift(0, 0);
});
parts.frame.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!steps) return;
  event.preventDefault();
  move(...steps);
});

const update = () => open(props.value || null); // Gradio gives "" for none
watch("value", update);
update();
