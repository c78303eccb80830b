// The place "Teach it" of the static twin: strokes on a photograph teach a classifier, in this browser, after each stroke.

import { open } from "./inference/network.js";
import { tensorflow } from "./playground/tensorflow.js";
import { numbers, taught } from "./teaching.js";

const { segen } = window;
const { say } = segen;

/** A canvas of that size with a picture in it; what is transparent becomes white. */
function canvas(width, height, image) {
  const found = Object.assign(document.createElement("canvas"), { width, height });
  const context = found.getContext("2d", { willReadFrequently: true });
  if (!image) return found;
  Object.assign(context, { imageSmoothingQuality: "high", fillStyle: "#fff" });
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  return found;
}

/** The sides of a picture, the longer one `most` pixels or less. */
function fitted({ width, height }, most) {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

const read = async (address) => createImageBitmap(await (await fetch(address)).blob());

/** The grey values of a PNG. */
async function ids(address, { width, height }) {
  const { data } = canvas(width, height, await read(address)).getContext("2d").getImageData(0, 0, width, height);
  return Uint8Array.from({ length: width * height }, (_, place) => data[4 * place]);
}

/** Labels as a PNG whose grey values are these. */
function grey(labels, { width, height }) {
  const pixels = new Uint32Array(width * height);
  labels.forEach((id, place) => (pixels[place] = 0xff000000 | (id * 0x010101)));
  const found = canvas(width, height);
  found.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  return found;
}

async function save(drawn, name) {
  const png = await new Promise((resolve) => drawn.toBlob(resolve, "image/png"));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(png), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/**
 * Begin the place; `component` begins one of the lab's, and `replaced` is told when a picture of the visitor's own takes the
 * place of an example. The answer shows an example by its name.
 */
export async function begin(section, { model, settings, sides, own }, component, replaced) {
  const part = (name) => section.querySelector(`[data-teach=${name}]`);
  const examples = await (await fetch(`teach.${segen.language}.json`)).json();
  const board = section.querySelector("[data-component=paint]");
  const fill = await component(board, "");
  let network = null;
  let known = null; // of the picture on the board: {picture, image, grid, by, pixels}
  let answer = null; // of the newest strokes: {labels, image, width, height}
  let turn = 0; // of the picture that was chosen last
  let busy = false;
  let waiting = false; // there are strokes that nothing was learned from yet

  const tell = (key, values) => (part("told").textContent = key ? say(key, values) : "");

  function complain(sentence) {
    part("fault").textContent = sentence;
    part("fault").hidden = part("again").hidden = !sentence;
  }

  /** Without two classes there is no answer, and what is left of one before goes. */
  function unanswered(key) {
    answer = null;
    part("files").replaceChildren();
    fill({ ...fill.value(), answer: null });
    tell(key);
  }

  async function look({ picture, photo }) {
    known?.pixels.dispose();
    known = null;
    network ??= await open(model, tell);
    const tf = await tensorflow();
    const image = await read(photo);
    const grid = fitted(image, sides.grid);
    const seen = canvas(grid.width, grid.height, image).getContext("2d").getImageData(0, 0, grid.width, grid.height);
    const { maps, by } = await network.logits(new ImageData(seen.data.slice(), grid.width, grid.height));
    known = { picture, image, grid, by, pixels: numbers(tf, seen, maps, settings) };
  }

  async function learn() {
    const value = fill.value();
    const { picture, width, height, classes } = value;
    if (known?.picture !== picture) await look(value);
    if (!value.ids) return unanswered("teach.empty");
    const strokes = { ids: await ids(value.ids, value), width, height };
    const began = performance.now();
    const those = new Set(classes.map(({ id }) => id));
    const found = taught(await tensorflow(), known.pixels, known.grid, strokes, those, settings);
    if (fill.value().picture !== picture) return; // another picture was taken meanwhile
    if (!found) return unanswered("teach.empty");
    const milliseconds = Math.round(performance.now() - began);
    answer = { labels: found.labels, image: known.image, width, height };
    const laid = { ids: grey(found.labels, value).toDataURL("image/png"), width, height, mark: found.mark };
    fill({ ...fill.value(), answer: laid });
    tell("twin.taught", { classes: found.drawn, milliseconds, by: known.by, width, height });
    offer();
  }

  /** Learn from what is drawn now; while that goes on, only the newest strokes wait. */
  async function teach() {
    waiting = true;
    section.dataset.state = "working";
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        waiting = false;
        await learn();
      }
      complain("");
      section.dataset.state = "idle";
    } catch (unable) {
      if (!unable.sentence) console.error(unable);
      network?.close();
      network = null;
      tell("");
      complain(unable.sentence ?? say("twin.not_taught"));
      section.dataset.state = "fault";
    } finally {
      busy = false;
    }
  }

  const button = (text, work) => {
    const found = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    found.addEventListener("click", work);
    return found;
  };

  /** Buttons for files of the answer: the labels, and what each class covers on a transparent ground. */
  function offer() {
    const { labels, image, width, height } = answer;
    const cutout = (id, name) => {
      const cut = canvas(width, height, image);
      const context = cut.getContext("2d");
      const pixels = context.getImageData(0, 0, width, height);
      labels.forEach((label, place) => {
        if (label !== id) pixels.data[4 * place + 3] = 0;
      });
      context.putImageData(pixels, 0, 0);
      return save(cut, `${name}.png`);
    };
    part("files").replaceChildren(
      button(say("downloads.labels"), () => save(grey(labels, { width, height }), "labels.png")),
      ...fill
        .value()
        .classes.filter(({ id }) => labels.includes(id))
        .map(({ id, name }) => button(say("twin.cutout", { name }), () => cutout(id, name)))
    );
  }

  /** Begin anew with a picture, also where it is the one that is shown. */
  function take(value) {
    answer = null;
    part("files").replaceChildren();
    part("unread").hidden = true;
    tell("");
    complain("");
    fill({ ...value, picture: String(++turn) });
    teach();
  }

  board.addEventListener("paint", teach);
  board.addEventListener("input", () => answer && offer()); // a class may have another name now
  part("again").addEventListener("click", teach);
  part("own").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    target.value = "";
    const mine = ++turn;
    part("unread").hidden = true;
    try {
      const image = await createImageBitmap(file);
      if (mine !== turn) return; // another picture was chosen meanwhile
      const { width, height } = fitted(image, sides.board);
      take({ ...own, width, height, photo: canvas(width, height, image).toDataURL("image/png") });
      replaced();
    } catch {
      part("unread").hidden = mine !== turn;
    }
  });
  return (name) => take(examples[name]);
}
