// The viewer of a segmentation. All it shows came with `props.value` (see contents() in viewer.py);
// opacity, legend, views and reading a pixel ask the server nothing.

const { words, language, locale } = window.segen;
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });

const parts = Object.fromEntries(
  [...element.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node])
);
for (const node of element.querySelectorAll("[data-words]")) node.textContent = words[node.dataset.words];
for (const node of element.querySelectorAll("[data-label]"))
  node.setAttribute("aria-label", words[node.dataset.label]);

for (const radio of element.querySelectorAll(".views input"))
  if (!props.views.includes(radio.value)) radio.closest("label").remove();
const radios = [...element.querySelectorAll(".views input")];
const group = "view-" + Math.random().toString(36).slice(2);
for (const radio of radios) radio.name = group;

let result = null; // what is shown: props.value with its maps decoded
let pinned = null; // the class that a click in the legend keeps lit
let lit = null; // the class that stands out now
let cursor = null; // the pixel that is read, {x, y}

// ---- decoding

async function pixels(address) {
  const file = await (await fetch(address)).blob();
  // The values are data: neither colour management nor alpha may touch them.
  const image = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}

async function open(value) {
  parts.empty.hidden = value !== null;
  parts.result.hidden = value === null;
  result = null;
  if (value === null) return;
  const [ids, probabilities, entropy] = await Promise.all(
    [value.ids, value.probabilities, value.entropy].map((map) => map && pixels(map))
  );
  if (value !== current) return; // a newer result came while this one was decoded
  result = { ...value, ids, probabilities, entropy };
  result.byId = new Map(value.classes.map((known) => [known.id, known]));
  parts.photo.src = value.photo;
  parts.stage.style.setProperty("--ratio", value.width / value.height);
  parts.sentence.textContent = value.sentence;
  parts.notice.textContent = value.notice;
  parts.notice.hidden = !value.notice;
  for (const canvas of [parts.labels, parts.entropy]) {
    canvas.width = value.width;
    canvas.height = value.height;
  }
  pinned = lit = cursor = null;
  parts.cursor.hidden = true;
  parts.hint.hidden = false;
  parts.bars.replaceChildren();
  parts.spoken.textContent = parts.place.textContent = "";
  drawLegend();
  drawLabels();
  if (result.entropy) drawEntropy();
  const { top, bottom } = parts.stage.getBoundingClientRect();
  if (bottom < 80 || top > innerHeight - 80) parts.result.scrollIntoView({ block: "start" });
}

// ---- drawing

function fill(canvas, colorOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(result.width, result.height);
  const colors = new Uint32Array(image.data.buffer);
  for (let i = 0; i < colors.length; i++) colors[i] = colorOf(i);
  context.putImageData(image, 0, 0);
}

const packed = ([red, green, blue], alpha = 255) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;

function drawLabels() {
  const colors = new Uint32Array(256);
  for (const { id, color } of result.classes)
    colors[id] = lit === null || lit === id ? packed(color) : packed([20, 20, 24], 190);
  fill(parts.labels, (i) => colors[result.ids[4 * i]]);
}

const RAMP = [[10, 8, 40], [90, 20, 110], [190, 55, 85], [245, 130, 40], [252, 250, 165]];

function drawEntropy() {
  const colors = Uint32Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * (RAMP.length - 1);
    const from = Math.min(Math.floor(place), RAMP.length - 2);
    const mix = RAMP[from].map((start, i) => Math.round(start + (RAMP[from + 1][i] - start) * (place - from)));
    return packed(mix);
  });
  fill(parts.entropy, (i) => colors[result.entropy[4 * i]]);
}

// ---- legend

const nameOf = (known) => known.name[language].replaceAll("_", " ");

function swatch(color) {
  const square = document.createElement("i");
  square.style.background = `rgb(${color})`;
  return square;
}

function drawLegend() {
  const present = result.classes.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share);
  parts.legend.replaceChildren(
    ...present.map((known) => {
      const button = document.createElement("button");
      const name = document.createElement("span");
      const share = document.createElement("b");
      name.textContent = nameOf(known);
      share.textContent = known.share < 0.0005 ? "< " + percent.format(0.001) : percent.format(known.share);
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      button.append(swatch(known.color), name, share);
      button.onpointerenter = button.onfocus = () => light(known.id);
      button.onpointerleave = button.onblur = () => light(pinned);
      button.onclick = () => pin(pinned === known.id ? null : known.id, button);
      const item = document.createElement("li");
      item.append(button);
      return item;
    })
  );
}

function light(id) {
  if (id === lit) return;
  lit = id;
  drawLabels();
}

function pin(id, button) {
  pinned = id;
  for (const other of parts.legend.querySelectorAll("button"))
    other.setAttribute("aria-pressed", String(id !== null && other === button));
  light(id);
}

// ---- reading a pixel

function read(x, y) {
  const { width, height, ids, probabilities, byId } = result;
  cursor = {
    x: Math.min(Math.max(Math.floor(x), 0), width - 1),
    y: Math.min(Math.max(Math.floor(y), 0), height - 1),
  };
  const at = 4 * (cursor.y * width + cursor.x);
  const likely = (probabilities ? [0, 1, 2] : [0])
    .map((i) => ({ known: byId.get(ids[at + i]), share: probabilities ? probabilities[at + i] / 255 : 1 }))
    .slice(0, byId.size);
  parts.cursor.hidden = false;
  parts.cursor.style.left = ((cursor.x + 0.5) / width) * 100 + "%";
  parts.cursor.style.top = ((cursor.y + 0.5) / height) * 100 + "%";
  parts.hint.hidden = true;
  parts.bars.replaceChildren(
    ...likely.map(({ known, share }) => {
      const row = document.createElement("li");
      const name = document.createElement("span");
      const value = document.createElement("b");
      const bar = document.createElement("div");
      name.textContent = nameOf(known);
      value.textContent = certainty(share);
      bar.style.width = share * 100 + "%";
      bar.style.background = `rgb(${known.color})`;
      row.append(name, value, bar);
      return row;
    })
  );
  const list = likely.map(({ known, share }) => `${nameOf(known)} ${certainty(share)}`.trim()).join(", ");
  parts.place.textContent = `x ${cursor.x}, y ${cursor.y}`;
  parts.spoken.textContent = `${parts.place.textContent}: ${list}`;
}

/** The share in words, for results that have probabilities. */
const certainty = (share) => (result.probabilities ? percent.format(share) : "");

function place(event) {
  const box = parts.stage.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

const comparing = () => element.dataset.view === "compare";

parts.stage.addEventListener("pointerdown", (event) => {
  if (!result) return;
  const [x, y] = place(event);
  read(x * result.width, y * result.height);
});
parts.stage.addEventListener("pointermove", (event) => {
  if (!result || !event.buttons) return;
  const [x, y] = place(event);
  if (comparing()) wipe(100 * x);
  else read(x * result.width, y * result.height);
});
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
parts.stage.addEventListener("keydown", (event) => {
  if (!result || !(event.key in ARROWS)) return;
  event.preventDefault();
  const [right, down] = ARROWS[event.key];
  const step = event.shiftKey ? 10 : 1;
  if (cursor) read(cursor.x + right * step, cursor.y + down * step);
  else read(result.width / 2, result.height / 2);
});

// ---- views

function look(view) {
  element.dataset.view = view;
  for (const radio of radios) radio.checked = radio.value === view;
  parts["opacity-row"].hidden = view === "labels";
  parts["wipe-row"].hidden = view !== "compare";
  parts.scale.hidden = view !== "entropy";
}

function fade(opacity) {
  parts.opacity.value = opacity;
  element.style.setProperty("--opacity", opacity / 100);
}

function wipe(share) {
  parts.wipe.value = share;
  element.style.setProperty("--wipe", parts.wipe.value + "%");
}

for (const radio of radios)
  radio.addEventListener("change", () => {
    look(radio.value);
    window.segen.remember(props.tab, { show: radio.value });
  });
parts.opacity.addEventListener("input", () => {
  fade(parts.opacity.value);
  window.segen.remember(props.tab, { opacity: parts.opacity.value });
});
parts.wipe.addEventListener("input", () => wipe(parts.wipe.value));

const { show: view, opacity } = window.segen.options(props.tab);
look(props.views.includes(view) ? view : props.views[0]);
fade(/^\d+$/.test(opacity) && opacity <= 100 ? opacity : 60);
wipe(50);

let current = null;
const update = () => open((current = props.value || null)); // Gradio gives "" for none
watch("value", update);
update();
