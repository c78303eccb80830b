// What a network in this browser makes of lines while they are drawn on a board beside it. Its value is what coloring.py
// gives. Where the network cannot run here, the server colours after each stroke (pad.py), and the page says so.

const { segen } = window;
const parts = segen.parts(element);
const at = (path) => new URL(path, document.baseURI).href;
const HEADER_BYTES = 33; // of a PNG: the signature and the chunk that comes first

const small = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
let network = null;
let opening = null;
let busy = false;
let waiting = false; // what is drawn is newer than what is being coloured

async function open() {
  const { network: name, width, height } = props.value;
  for (const canvas of [small.canvas, parts.drawn]) Object.assign(canvas, { width, height });
  small.imageSmoothingQuality = "high";
  const { open } = await import(at("inference/network.js"));
  network = await open(name, (...told) => (parts.told.textContent = segen.say(...told)));
  parts.told.textContent = "";
}

function give_up(unable) {
  network?.close();
  opening = network = null;
  const sentence = unable.sentence ?? segen.say("inference.runtime");
  parts.fault.textContent = segen.alone ? sentence : `${sentence} ${segen.say("coloring.instead")}`;
  parts.fault.hidden = false;
  parts.figure.hidden = parts.save.hidden = true;
  if (segen.alone) {
    parts.again.hidden = false;
    return;
  }
  segen.uncolored = () => segen.press(props.value.fallback);
  segen.uncolored();
}

/** Colour what the board shows now; while one picture is made, only the newest waits. */
async function color(lines) {
  waiting = true;
  if (busy) return;
  busy = true;
  try {
    await (opening ??= open());
    const { width, height } = props.value;
    while (waiting) {
      waiting = false;
      small.drawImage(lines, 0, 0, width, height);
      const { pixels, milliseconds, by } = await network.translate(small.getImageData(0, 0, width, height));
      parts.drawn.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
      parts.told.textContent = segen.say("coloring.told", { milliseconds: Math.round(milliseconds), by });
      parts.save.disabled = false;
    }
    busy = false;
  } catch (unable) {
    give_up(unable); // and stay busy: nothing more is tried until "Try again" is pressed
  }
}

document.addEventListener("drawn", ({ target }) => {
  if (props.value && target.closest(props.value.board) && element.checkVisibility()) color(target);
});

parts.again.addEventListener("click", () => {
  parts.fault.hidden = parts.again.hidden = true;
  parts.figure.hidden = parts.save.hidden = false;
  busy = false;
  color(document.querySelector(`${props.value.board} [data-part=board]`));
});

// A PNG whose metadata say that a network drew it: the chunks come from the server, after the header.
parts.save.addEventListener("click", async () => {
  const png = await new Promise((resolve) => parts.drawn.toBlob(resolve, "image/png"));
  const mark = Uint8Array.from(atob(props.value.mark), (letter) => letter.charCodeAt(0));
  const whole = new Blob([png.slice(0, HEADER_BYTES), mark, png.slice(HEADER_BYTES)], { type: "image/png" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(whole), download: props.value.file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
