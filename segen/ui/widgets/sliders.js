// Latent space under sliders: pictures of the first seeds, drawn by a generator in this browser, move along directions
// while one drags. Its value is what sliders.py gives.

const parts = window.segen.parts(element);
const { say } = window.segen;
const at = (path) => new URL(path, document.baseURI).href;
const REACH = 4; // standard deviations along a direction, to either side

let turn = 0; // of what was asked for last: what goes on for an earlier turn ends
let network = null;
let first = 0; // the seed of the first picture
let chosen = 0; // which picture is shown large
let steps = []; // along each direction, in standard deviations
let drawn = []; // the canvases, in the order of the seeds
let drawing = false;
let waiting = false; // what the sliders say is newer than what is being drawn

const card = () => props.value.cards.find(({ name }) => name === parts.model.value);

function tell(key, values) {
  parts.doing.textContent = key ? say(key, values) : "";
  parts.doing.hidden = !key;
}

function complain(sentence) {
  parts.fault.textContent = sentence;
  parts.fault.hidden = !sentence;
}

/** Whether there is a network to draw with, and so whether the controls do something. */
function enable(usable) {
  for (const button of [parts.others, parts.chance, parts.reset]) button.disabled = !usable;
  parts.columns.hidden = !usable;
  parts.classes.hidden = !network?.labels;
}

/** The latent vectors of the pictures that are shown, moved by the sliders. */
function vectors() {
  const { count, latents, directions } = network;
  const size = directions.length / steps.length;
  const moved = latents.slice(first * size, (first + count) * size);
  for (let place = 0; place < moved.length; place++)
    for (const [number, step] of steps.entries()) moved[place] += step * directions[number * size + (place % size)];
  return moved;
}

function classes() {
  if (!network.labels) return null;
  const { count, labels } = network;
  return parts.label.value ? Array(count).fill(Number(parts.label.value)) : labels.slice(first, first + count);
}

function show(pictures) {
  const { width, height } = network;
  pictures.forEach((pixels, number) => {
    Object.assign(drawn[number], { width, height });
    drawn[number].getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  });
  enlarge();
}

function enlarge() {
  const { width, height } = network;
  Object.assign(parts.large, { width, height });
  parts.large.getContext("2d").drawImage(drawn[chosen], 0, 0);
  parts.seed.textContent = say("sliders.seed", { seed: first + chosen });
  [...parts.grid.children].forEach((button, number) => button.setAttribute("aria-pressed", number === chosen));
}

/** Draw what the sliders say now; while one drawing goes on, only the newest waits. */
async function draw() {
  waiting = true;
  element.dataset.state = "drawing";
  if (drawing) return;
  const mine = turn;
  drawing = true;
  try {
    while (waiting && mine === turn) {
      waiting = false;
      const { pictures, milliseconds, by } = await network.draw(vectors(), classes());
      if (mine !== turn) return;
      show(pictures);
      parts.where.textContent = say("sliders.where", { by, count: pictures.length, milliseconds: Math.round(milliseconds) });
      element.dataset.state = waiting ? "drawing" : "idle";
    }
  } catch (unable) {
    if (mine === turn) give_up(unable);
  } finally {
    drawing = false;
    if (waiting && network) draw(); // another network was opened meanwhile
  }
}

function let_go() {
  network?.close();
  network = null;
  enable(false);
}

function give_up(unable) {
  let_go();
  tell("");
  parts.again.hidden = false;
  element.dataset.state = "idle";
  complain([unable.sentence ?? say("inference.runtime"), !window.segen.alone && say("sliders.instead")].filter(Boolean).join(" "));
}

function lay_out() {
  const { count, directions, latents } = network;
  const size = latents.length / network.seeds;
  steps = Array(directions.length / size).fill(0);
  first = Math.min(first, network.seeds - count);
  drawn = Array.from({ length: count }, () => document.createElement("canvas"));
  parts.grid.replaceChildren(
    ...drawn.map((canvas, number) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", ariaLabel: say("sliders.picture", { number: number + 1 }) });
      button.addEventListener("click", () => {
        chosen = number;
        enlarge();
      });
      button.append(canvas);
      return button;
    })
  );
  parts.sliders.replaceChildren(
    ...steps.map((_, number) => {
      const row = document.createElement("label");
      const name = document.createElement("span");
      const slider = document.createElement("input");
      const told = document.createElement("output");
      name.textContent = say("sliders.direction", { number: number + 1 });
      Object.assign(slider, { type: "range", min: -REACH, max: REACH, step: 0.05, value: 0 });
      slider.addEventListener("input", () => {
        steps[number] = Number(slider.value);
        told.textContent = steps[number].toFixed(1);
        draw();
      });
      told.textContent = "0.0";
      row.append(name, slider, told);
      return row;
    })
  );
}

/** Set the sliders, one number for each. */
function move(values) {
  [...parts.sliders.querySelectorAll("input")].forEach((slider, number) => {
    slider.value = steps[number] = values[number];
    slider.nextElementSibling.textContent = Number(slider.value).toFixed(1);
  });
  draw();
}

async function open() {
  const mine = ++turn;
  let_go();
  waiting = false;
  complain("");
  parts.again.hidden = true;
  element.dataset.state = "opening";
  const { name, classes: names } = card();
  try {
    const { open } = await import(at("inference/network.js"));
    const found = await open(name, (...told) => mine === turn && tell(...told));
    if (mine !== turn) return found.close(); // another was asked for meanwhile
    network = found;
    parts.label.replaceChildren(new Option(say("generate.any_label"), ""), ...names.map((each, id) => new Option(each, id)));
    chosen = 0;
    lay_out();
    tell("");
    enable(true);
    await draw();
  } catch (unable) {
    if (mine === turn) give_up(unable);
  }
}

parts.others.addEventListener("click", () => {
  first = (first + network.count) % network.seeds;
  draw();
});
parts.chance.addEventListener("click", () => move(steps.map(() => REACH * (Math.random() - 0.5))));
parts.reset.addEventListener("click", () => move(steps.map(() => 0)));
parts.label.addEventListener("change", draw);
parts.model.addEventListener("change", open);
parts.again.addEventListener("click", open);

// A network is fetched once the sliders are in sight.
let seen = false;
const observer = new IntersectionObserver((entries) => {
  if (seen || !entries.at(-1).isIntersecting || !props.value?.cards?.length) return;
  seen = true;
  open();
});
observer.observe(element);

let shown = "";
function fill() {
  const { cards } = props.value || {};
  if (!cards?.length) return;
  const names = JSON.stringify(cards);
  if (names === shown) return;
  shown = names;
  parts.model.replaceChildren(...cards.map(({ name, title }) => new Option(title, name)));
  parts.choice.hidden = cards.length < 2;
  seen = false;
  observer.unobserve(element); // it tells at once whether it is in sight
  observer.observe(element);
}
watch("value", fill);
fill();
