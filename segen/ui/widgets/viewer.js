// The viewer of a segmentation. All it shows came with `props.value` (see contents() in viewer.py);
// opacity, legend, views and reading a pixel ask the server nothing.

const { say, words, language, locale } = window.segen;
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const number = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });

const parts = window.segen.parts(element);

for (const radio of element.querySelectorAll(".views input"))
  if (!props.views.includes(radio.value)) radio.closest("label").remove();
const radios = [...element.querySelectorAll(".views input")];
const group = "view-" + Math.random().toString(36).slice(2);
for (const radio of radios) radio.name = group;

let result = null; // what is shown: props.value with its maps decoded
let edges = null; // for each pixel, 1 where another class begins to its left or above
let pinned = null; // the class that a click in the legend keeps lit
let lit = null; // the class that stands out now
let cursor = null; // the pixel that is read, {x, y}
let wanted = null; // the view that was chosen, shown whenever a result has it
let drawn = null; // the position whose attention is drawn, or the instance that stands out

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
  const names = Object.keys(value.heat);
  const [ids, probabilities, attention, instances, ...heat] = await Promise.all(
    [value.ids, value.probabilities, value.attention?.map, value.instances?.map,
     ...names.map((name) => value.heat[name].map)].map((map) => map && pixels(map))
  );
  if (value !== current) return; // a newer result came while this one was decoded
  result = { ...value, ids, probabilities };
  result.heat = Object.fromEntries(names.map((name, i) => [name, { ...value.heat[name], map: heat[i] }]));
  if (attention) result.attention = { ...value.attention, map: attention };
  if (instances) result.instances = { ...value.instances, map: instances };
  result.byId = new Map(value.classes.map((known) => [known.id, known]));
  edges = outline();
  element.dataset.picture = value.picture;
  parts.photo.src = value.photo;
  parts.stage.style.setProperty("--ratio", value.width / value.height);
  parts.sentence.textContent = value.sentence;
  parts.notice.textContent = value.notice;
  parts.notice.hidden = !value.notice;
  for (const canvas of [parts.labels, parts.heat]) {
    canvas.width = value.width;
    canvas.height = value.height;
  }
  pinned = lit = cursor = drawn = null;
  parts.cursor.hidden = true;
  parts.hint.hidden = false;
  parts.bars.replaceChildren();
  parts.spoken.textContent = parts.place.textContent = parts.value.textContent = "";
  drawLegend();
  offer(value);
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

function draw() {
  const { view, heat } = element.dataset;
  if (view === "attention") drawAttention();
  else if (view === "instances") drawInstances();
  else if (heat === "true") fill(parts.heat, (i) => ramp[result.heat[view].map[4 * i]]);
  else drawLabels();
}

/** The regions in their colours, with outlines; of one class alone while it stands out, the others dimmed. */
function drawLabels() {
  element.dataset.lit = lit !== null;
  const colors = new Uint32Array(256).fill(packed([12, 13, 16], 215));
  for (const { id, color } of result.classes) if (lit === null || lit === id) colors[id] = packed(color);
  const dark = packed([12, 13, 16]);
  const bright = packed([255, 255, 255]);
  const { ids } = result;
  // Clusters are often as fine as grain: their outlines would hide them.
  if (lit === null) return fill(parts.labels, (i) => (result.probabilities && edges[i] ? dark : colors[ids[4 * i]]));
  const { width } = result;
  const ofLit = (i) => ids[4 * i] === lit || (i % width && ids[4 * (i - 1)] === lit) || (i >= width && ids[4 * (i - width)] === lit);
  fill(parts.labels, (i) => (edges[i] && ofLit(i) ? bright : colors[ids[4 * i]]));
}

function outline() {
  const { ids, width, height } = result;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const id = ids[4 * i];
    return (i % width && ids[4 * (i - 1)] !== id) || (i >= width && ids[4 * (i - width)] !== id) ? 1 : 0;
  });
}

const RAMP = [[10, 8, 40], [90, 20, 110], [190, 55, 85], [245, 130, 40], [252, 250, 165]];
const ramp = Uint32Array.from({ length: 256 }, (_, level) => {
  const place = (level / 255) * (RAMP.length - 1);
  const from = Math.min(Math.floor(place), RAMP.length - 2);
  return packed(RAMP[from].map((start, i) => Math.round(start + (RAMP[from + 1][i] - start) * (place - from))));
});

/** The position of the attention's grid that a pixel belongs to. */
const positionAt = (x, y) =>
  Math.floor(y / result.attention.stride) * result.attention.columns + Math.floor(x / result.attention.stride);

function drawAttention() {
  const { map, rows, columns } = result.attention;
  drawn = positionAt(cursor.x, cursor.y);
  const row = drawn * rows * columns;
  const { width } = result;
  fill(parts.heat, (i) => ramp[map[4 * (row + positionAt(i % width, Math.floor(i / width)))]]);
}

const threshold = () => parts.threshold.value / 100;

/** The number of the instance at a pixel, 0 for none that is sure enough. */
function instanceAt(at) {
  const { map, list } = result.instances;
  const found = 256 * map[at] + map[at + 1];
  return found && list[found - 1].score >= threshold() ? found : 0;
}

/** A colour for each instance: hues a golden angle apart, so that neighbours in number differ. */
function hue(found) {
  const lightness = found % 2 ? 0.5 : 0.65;
  return [0, 8, 4].map((shift) => {
    const k = (shift + (found * 137.508) / 30) % 12;
    return Math.round(255 * (lightness - 0.9 * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

function drawInstances() {
  drawn = cursor ? instanceAt(4 * (cursor.y * result.width + cursor.x)) : 0;
  const colors = Uint32Array.from({ length: result.instances.list.length + 1 }, (_, i) => packed(hue(i)));
  colors[0] = 0;
  if (drawn) colors[drawn] = packed([255, 255, 255]);
  fill(parts.labels, (i) => colors[instanceAt(4 * i)]);
  if (!drawn) return;
  const [x, y, wide, tall] = result.instances.list[drawn - 1].box;
  const { width, height } = result;
  const context = parts.labels.getContext("2d");
  context.strokeStyle = "white";
  context.strokeRect(x * width + 0.5, y * height + 0.5, wide * width - 1, tall * height - 1);
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
  draw();
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
  const value = valueAt(at);
  parts.value.textContent = value;
  const list = likely.map(({ known, share }) => `${nameOf(known)} ${certainty(share)}`.trim()).join(", ");
  parts.place.textContent = `x ${cursor.x}, y ${cursor.y}`;
  parts.spoken.textContent = `${parts.place.textContent}: ${list}` + (value && `; ${value}`);
  const { view } = element.dataset;
  if (view === "attention" && drawn !== positionAt(cursor.x, cursor.y)) drawAttention();
  if (view === "instances" && drawn !== instanceAt(at)) drawInstances();
}

/** What the view that is shown says of a pixel, in words; "" for views without more than the classes. */
function valueAt(at) {
  const { view } = element.dataset;
  if (view === "attention") {
    const { greatest, rows, columns } = result.attention;
    const share = greatest[positionAt(cursor.x, cursor.y)];
    const times = number.format(share * rows * columns);
    return say("viewer.value_attention", { share: percent.format(share), times });
  }
  if (view === "instances") {
    const found = instanceAt(at);
    if (!found) return words["viewer.value_none"];
    const { id, score, pixels } = result.instances.list[found - 1];
    const name = nameOf(result.byId.get(id));
    return say("viewer.value_instance", { name, found, score: percent.format(score), pixels: number.format(pixels) });
  }
  const heat = result.heat[view];
  const value = heat && percent.format((heat.map[at] / 255) * heat.peak);
  return heat ? say("viewer.value_heat", { view: words["viewer." + view], value }) : "";
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
  const hovered = element.dataset.view === "instances";
  if (!result || !(event.buttons || hovered)) return;
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

/** Offer the views that the result has, and show the one that was chosen last if it is among them. */
function offer({ views, opens }) {
  for (const radio of radios)
    radio.closest("label").hidden = radio.disabled = !views.includes(radio.value);
  if (opens) choose(opens);
  else look(best(views));
}

/** The view that is wanted if it is one of these, else the first that is. */
const best = (views) => (views.includes(wanted) ? wanted : props.views.find((view) => views.includes(view)));

const HEAT = ["entropy", "disagreement", "attention", "discriminator_score"];

function look(view) {
  const heat = HEAT.includes(view);
  element.dataset.view = view;
  element.dataset.heat = heat;
  for (const radio of radios) radio.checked = radio.value === view;
  parts["opacity-row"].hidden = view === "labels";
  parts["wipe-row"].hidden = view !== "compare";
  parts["threshold-row"].hidden = view !== "instances";
  parts.scale.hidden = !heat;
  if (!result) return;
  const values = { peak: percent.format(result.heat[view]?.peak ?? 1) };
  for (const end of ["low", "high"]) parts[end].textContent = say(`viewer.${end}_${view}`, values);
  explain();
  if (view === "attention" && !cursor) cursor = { x: result.width >> 1, y: result.height >> 1 };
  if (cursor) read(cursor.x, cursor.y);
  draw();
}

/** What the view shows, in a sentence; "" for those that need none. */
function explain() {
  const { view } = element.dataset;
  const values = {};
  if (view === "instances") {
    const sure = result.instances.list.filter(({ score }) => score >= threshold());
    const pixels = sure.reduce((sum, instance) => sum + instance.pixels, 0);
    values.count = sure.length;
    values.least = parts.least.textContent = percent.format(threshold());
    values.mean = number.format(sure.length ? pixels / sure.length : 0);
  }
  parts.meaning.textContent = say(`viewer.meaning_${view}`, values);
  parts.meaning.hidden = !parts.meaning.textContent;
}

function choose(view) {
  wanted = view;
  look(view);
  window.segen.remember(props.tab, { show: view });
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
  radio.addEventListener("change", () => choose(radio.value));
parts.opacity.addEventListener("input", () => {
  fade(parts.opacity.value);
  window.segen.remember(props.tab, { opacity: parts.opacity.value });
});
parts.wipe.addEventListener("input", () => wipe(parts.wipe.value));
parts.threshold.addEventListener("input", () => look("instances"));

/** Show what the address asks for. */
function restore() {
  const { show, opacity } = window.segen.options(props.tab);
  wanted = show ?? props.views[0];
  look(best(result?.views ?? props.views));
  fade(/^\d+$/.test(opacity) && opacity <= 100 ? opacity : 60);
}

restore();
addEventListener("restored", restore); // by a link within the page, which opens the tab before
wipe(50);
parts.threshold.value = 100 * props.sure;

let current = null;
const update = () => open((current = props.value || null)); // Gradio gives "" for none
watch("value", update);
update();
