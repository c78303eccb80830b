// A map of ids to paint on. After each stroke the painted map, a PNG whose grey values are the ids, is put into the
// component's value, which every later event sends along, and the event `paint` follows. Over a photograph the blank is
// transparent, the visitor adds, names and removes classes, and an answer of the server's lies under the strokes.

const parts = window.segen.parts(element);
const group = "paint-" + Math.random().toString(36).slice(2);
const tools = [...element.querySelectorAll(".choice input")];
for (const radio of tools) radio.name = `${group}-tool`;
const button = Object.fromEntries([...element.querySelectorAll("[data-do]")].map((node) => [node.dataset.do, node]));

const MAX_UNDOS = 50;
let current = null; // what the server gave, {width, height, ids, classes, blank, pen, size}; ids as painted since
let ids = null; // one id a pixel, row by row
let shown = ""; // of what size and classes they are
let colors = null; // by id, as the canvas wants them
let pen = 0;
let undos = [];
let redos = [];
let answer = null; // of a photograph: what the server made of the strokes, {ids, width, height}
let stroke = null; // the pointer that is down, and its last place, {pointer, at}

async function read(address, width, height) {
  const image = await createImageBitmap(await (await fetch(address)).blob(), { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]);
}

function written() {
  const canvas = document.createElement("canvas");
  canvas.width = current.width;
  canvas.height = current.height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(current.width, current.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < ids.length; i++) pixels[i] = 0xff000000 | (ids[i] * 0x010101);
  context.putImageData(image, 0, 0);
  return canvas.toDataURL("image/png");
}

/** Draw width x height ids into a canvas of that size. */
function put(canvas, ids, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < ids.length; i++) pixels[i] = colors[ids[i]];
  context.putImageData(image, 0, 0);
}

function draw() {
  put(parts.board, ids, current.width, current.height);
  parts.board.dispatchEvent(new Event("drawn", { bubbles: true }));
  button.undo.disabled = !undos.length;
  button.redo.disabled = !redos.length;
}

async function open(value) {
  const kind = JSON.stringify([value.width, value.height, value.picture ?? value.classes]);
  const goes_on = kind === shown;
  if (goes_on && value.ids === current.ids) return; // it was painted here
  current = value;
  shown = kind;
  tint();
  const read_ids = value.ids ? await read(value.ids, value.width, value.height) : null;
  if (value !== current) return; // a newer map came while this one was decoded
  if (goes_on) {
    keep(); // the map before can be had again
  } else {
    undos = [];
    redos = [];
  }
  ids = read_ids ?? new Uint8Array(value.width * value.height).fill(value.blank);
  for (const part of [parts.photo, parts.editor, parts["opacity-row"]]) part.hidden = !value.photo;
  for (const radio of tools) radio.closest("label").hidden = radio.value === (value.photo ? "fill" : "erase");
  parts.frame.style.setProperty("--ratio", value.width / value.height);
  if (!goes_on) {
    if (value.photo) parts.photo.src = value.photo;
    forget();
    parts.size.max = Math.round(Math.max(value.width, value.height) / 4);
    parts.size.value = value.size;
    lay();
    choose(value.pen);
  }
  draw();
}

function tint() {
  colors = new Uint32Array(256); // the blank of a photograph is in no class, and so transparent
  for (const { id, color: [red, green, blue] } of current.classes)
    colors[id] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Lay the server's answer under the strokes, which may have gone on since it was asked. */
async function show({ ids: address, width, height, mark: [x, y] }, picture) {
  const read_ids = await read(address, width, height);
  if (current.picture !== picture) return;
  answer = { ids: read_ids, width, height };
  parts.answer.hidden = parts.mark.hidden = false;
  parts.mark.style.left = `${100 * x}%`;
  parts.mark.style.top = `${100 * y}%`;
  put(parts.answer, answer.ids, width, height);
}

/** There is no answer to what is drawn now. */
function forget() {
  answer = null;
  parts.answer.hidden = parts.mark.hidden = true;
}

/** Other classes, of which the one with this id is chosen: all that is shown takes their colours and names. */
function rename(classes, id) {
  current = { ...current, classes };
  tint();
  lay();
  choose(id);
  draw();
  if (answer) put(parts.answer, answer.ids, answer.width, answer.height);
  props.value = current;
}

const hex = (color) => "#" + color.map((part) => part.toString(16).padStart(2, "0")).join("");
const changed = (values) => current.classes.map((known) => (known.id === pen ? { ...known, ...values } : known));

function choose(id) {
  pen = id;
  const chosen = current.classes.find((known) => known.id === id);
  if (document.activeElement !== parts.name) parts.name.value = chosen.name;
  parts.color.value = hex(chosen.color);
  parts.remove.disabled = current.classes.length <= 2;
  parts.add.disabled = current.classes.length >= (current.spares?.length ?? 0);
  for (const choice of parts.palette.children) choice.setAttribute("aria-checked", choice.dataset.id === String(pen));
}

/** Lay out the classes to choose from. */
function lay() {
  parts.palette.replaceChildren(
    ...current.classes.map((known) => {
      const choice = document.createElement("button");
      choice.type = "button";
      choice.setAttribute("role", "radio");
      choice.dataset.id = known.id;
      choice.style.setProperty("--color", `rgb(${known.color})`);
      choice.textContent = known.name;
      return choice;
    })
  );
}

const tool = () => tools.find((radio) => radio.checked).value;

/** Set the pixels within the brush's radius of the line from one place to another, as far as they are on the board. */
function line(from, to) {
  const id = tool() === "erase" ? current.blank : pen;
  const radius = parts.size.value / 2;
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
  for (let step = 0; step <= steps; step++) {
    const x = from.x + ((to.x - from.x) * step) / steps;
    const y = from.y + ((to.y - from.y) * step) / steps;
    const [top, bottom] = [Math.max(0, Math.ceil(y - radius)), Math.min(current.height - 1, Math.floor(y + radius))];
    for (let row = top; row <= bottom; row++) {
      const half = Math.sqrt(radius * radius - (row - y) * (row - y));
      const [left, right] = [Math.max(0, Math.ceil(x - half)), Math.min(current.width - 1, Math.floor(x + half))];
      if (left <= right) ids.fill(id, row * current.width + left, row * current.width + right + 1);
    }
  }
}

/** Give the connected pixels of one id around a place the pen's. */
function fill({ x, y }) {
  const { width, height } = current;
  const start = Math.min(Math.floor(y), height - 1) * width + Math.min(Math.floor(x), width - 1);
  const old = ids[start];
  if (old === pen) return;
  const waiting = [start];
  ids[start] = pen;
  while (waiting.length) {
    const place = waiting.pop();
    const column = place % width;
    for (const next of [
      column > 0 ? place - 1 : -1, column < width - 1 ? place + 1 : -1, place - width, place + width,
    ]) {
      if (next < 0 || next >= width * height || ids[next] !== old) continue;
      ids[next] = pen;
      waiting.push(next);
    }
  }
}

function place(event) {
  const box = parts.board.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * current.width,
    y: ((event.clientY - box.top) / box.height) * current.height,
  };
}

/** Keep the map as it is, so that what comes can be undone. */
function keep() {
  undos.push(ids.slice());
  if (undos.length > MAX_UNDOS) undos.shift();
  redos = [];
}

function tell() {
  draw();
  props.value = current = { ...current, ids: written() };
  trigger("paint");
}

const ring = (event) => {
  const box = parts.board.getBoundingClientRect();
  const shown = event.pointerType !== "touch" && tool() !== "fill";
  parts.ring.hidden = !shown;
  parts.ring.style.width = `${(parts.size.value / current.width) * box.width}px`;
  parts.ring.style.left = `${event.clientX - box.left}px`;
  parts.ring.style.top = `${event.clientY - box.top}px`;
};

parts.board.addEventListener("pointerdown", (event) => {
  if (!current || event.button || stroke) return;
  event.preventDefault();
  parts.board.setPointerCapture(event.pointerId);
  keep();
  const at = place(event);
  if (tool() === "fill") {
    fill(at);
    return tell();
  }
  stroke = { pointer: event.pointerId, at };
  line(at, at);
  draw();
});
parts.board.addEventListener("pointermove", (event) => {
  if (!current) return;
  ring(event);
  if (stroke?.pointer !== event.pointerId) return;
  for (const each of event.getCoalescedEvents?.() ?? [event]) {
    const at = place(each);
    line(stroke.at, at);
    stroke.at = at;
  }
  draw();
});
for (const end of ["pointerup", "pointercancel"])
  parts.board.addEventListener(end, (event) => {
    if (stroke?.pointer !== event.pointerId) return;
    stroke = null;
    tell();
  });
parts.board.addEventListener("pointerleave", () => { parts.ring.hidden = true; });

parts.palette.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-id]");
  if (choice) choose(Number(choice.dataset.id));
});
parts.name.addEventListener("input", () => {
  const name = parts.name.value.trim();
  const taken = current.classes.some((known) => known.id !== pen && known.name === name);
  if (name && !taken) rename(changed({ name }), pen);
});
parts.name.addEventListener("blur", () => {
  parts.name.value = current.classes.find((known) => known.id === pen).name; // neither an empty name nor another's is taken
});
parts.color.addEventListener("input", () => {
  const color = [1, 3, 5].map((at) => parseInt(parts.color.value.slice(at, at + 2), 16));
  rename(changed({ color }), pen);
});
parts.add.addEventListener("click", () => {
  const taken = new Set(current.classes.map(({ id }) => id));
  let id = 0;
  while (taken.has(id)) id++;
  const name = window.segen.say("paint.class", { number: id + 1 });
  rename([...current.classes, { id, name, color: current.spares[id % current.spares.length] }], id);
});
parts.remove.addEventListener("click", () => {
  ids = ids.map((id) => (id === pen ? current.blank : id));
  undos = []; // which have strokes of a class that is gone
  redos = [];
  const left = current.classes.filter(({ id }) => id !== pen);
  rename(left, left[0].id);
  tell();
});
parts.opacity.addEventListener("input", () => element.style.setProperty("--opacity", parts.opacity.value / 100));
element.addEventListener("click", (event) => {
  const task = event.target.closest("[data-do]")?.dataset.do;
  if (!task || !current) return;
  if (task === "clear") {
    keep();
    ids.fill(current.blank);
  } else {
    const [from, to] = task === "undo" ? [undos, redos] : [redos, undos];
    if (!from.length) return;
    to.push(ids);
    ids = from.pop();
  }
  tell();
});
element.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.preventDefault();
  button[event.shiftKey ? "redo" : "undo"].click();
});

let opened = Promise.resolve();
const update = () => {
  const { answer: found, ...board } = props.value || {}; // Gradio gives "" for none
  const other = board.picture !== current?.picture;
  if (board.width && (other || !found)) opened = open(board);
  if (found === undefined) return;
  props.value = current; // the strokes are the visitor's
  if (board.picture === current?.picture) opened.then(() => (found ? show(found, board.picture) : forget()));
};
watch("value", update);
update();
