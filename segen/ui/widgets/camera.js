// Live segmentation or translation in this browser: of the tab's picture, a camera or a file. Where the network cannot
// run here, the server answers for one frame instead, and the page says so. Its value is what camera.py gives.

const parts = window.segen.parts(element);
const { say } = window.segen;
const at = (path) => new URL(path, document.baseURI).href;
const SHOWN_SIDE = 640; // the longer side of a frame on the page, at most
const LEAST_SHARE = 0.0005; // of a frame, for a class to be listed

const video = Object.assign(document.createElement("video"), { muted: true, loop: true, playsInline: true });
let turn = 0; // of what was asked for last: what goes on for an earlier turn ends
let chosen = ""; // the network that the visitor chose; "" before
let opened = null; // {name, network}
let times = []; // when the last frames were shown, in milliseconds

const card = () => props.value.cards.find(({ name }) => name === parts.model.value);

function tell(key, values) {
  parts.doing.textContent = key ? say(key, values) : "";
  parts.doing.hidden = !key;
}

/** A fault whose message is a sentence, not the key of one. */
class Told extends Error {}

function complain(sentence) {
  parts.fault.textContent = sentence;
  parts.fault.hidden = !sentence;
}

const release = (stream) => stream?.getTracks().forEach((track) => track.stop());

/** Let go of the camera or the file, and of what goes on. */
function stop() {
  turn++;
  release(video.srcObject);
  video.srcObject = null;
  if (video.src) URL.revokeObjectURL(video.src);
  video.removeAttribute("src");
  parts.file.value = "";
  parts.stop.disabled = true;
  element.dataset.state = "idle";
}

// ---- sources: what can be drawn, with its size

async function still() {
  const image = document.querySelector(props.value.picture);
  if (!image) throw new Error("page.no_picture_yet");
  await image.decode().catch(() => null);
  return { drawn: image, size: () => [image.naturalWidth, image.naturalHeight] };
}

async function played(fault) {
  try {
    await video.play();
  } catch {
    throw new Error(fault);
  }
  return { drawn: video, lasts: true, size: () => [video.videoWidth, video.videoHeight] };
}

async function camera() {
  if (!navigator.mediaDevices) throw new Error("camera.insecure");
  const mine = turn;
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: SHOWN_SIDE } }, audio: false });
  } catch (fault) {
    throw new Error(fault.name === "NotAllowedError" ? "camera.not_allowed" : "camera.no_camera");
  }
  if (mine !== turn) {
    release(stream); // Stop was pressed meanwhile
    return null;
  }
  video.srcObject = stream;
  return played("camera.no_camera");
}

const file = (picked) => async () => {
  if (picked.type.startsWith("image/")) {
    const drawn = await createImageBitmap(picked).catch(() => null);
    if (!drawn) throw new Error("camera.no_video");
    return { drawn, size: () => [drawn.width, drawn.height] };
  }
  video.src = URL.createObjectURL(picked);
  return played("camera.no_video");
};

// ---- frames

/** Draw what a source shows now into a canvas, no larger than this. */
function draw(canvas, { drawn, size }, width, height) {
  const [w, h] = size();
  const scale = Math.min(1, width / w, height / h);
  canvas.width = Math.max(1, Math.round(w * scale));
  canvas.height = Math.max(1, Math.round(h * scale));
  const context = canvas.getContext("2d", { willReadFrequently: canvas === parts.seen });
  context.imageSmoothingQuality = "high";
  context.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  return context;
}

/** Show the frame that is held, and that it has no labels yet. */
function present() {
  const { width, height } = parts.held;
  Object.assign(parts.picture, { width, height });
  parts.picture.getContext("2d").drawImage(parts.held, 0, 0);
  parts.stage.style.setProperty("--ratio", width / height);
}

function legend(counts, total) {
  const seen = card().classes.filter(({ id }) => counts[id] >= LEAST_SHARE * total);
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 });
  parts.legend.replaceChildren(
    ...seen.map(({ id, name, shown }) => {
      const row = document.createElement("li");
      const swatch = document.createElement("i");
      const share = document.createElement("b");
      swatch.style.background = `rgb(${shown})`;
      share.textContent = percent.format(counts[id] / total);
      row.append(swatch, name, share);
      return row;
    })
  );
}

/** Lay the labels over the frame that is held: width x height class ids. */
function label(labels, width, height) {
  present();
  const colors = new Uint32Array(256);
  for (const { id, shown: [red, green, blue] } of card().classes)
    colors[id] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  Object.assign(parts.labels, { width, height });
  const context = parts.labels.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const counts = new Uint32Array(256);
  for (let i = 0; i < labels.length; i++) {
    pixels[i] = colors[labels[i]];
    counts[labels[i]]++;
  }
  context.putImageData(image, 0, 0);
  legend(counts, labels.length);
}

/** Lay over the frame that is held what was made of it: width x height RGBA. */
function cover(pixels, width, height) {
  present();
  Object.assign(parts.labels, { width, height });
  parts.labels.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
}

function measure(milliseconds, lasts) {
  times = [...times, performance.now()].slice(-11);
  const rate = (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
  parts.speed.hidden = false;
  parts.rate.hidden = !lasts;
  parts.milliseconds.textContent = Math.round(milliseconds);
  parts.frames.textContent = times.length > 1 ? rate.toFixed(1) : "–";
}

// ---- where it is computed

/** Say where, and that a picture was made a mask for it. */
function locate(where, thresholded) {
  parts.where.textContent = thresholded ? `${where} ${say("camera.thresholded")}` : where;
}

/** Let go of the network that was opened, if there is one. */
function close() {
  opened?.network.close();
  opened = null;
}

async function network(mine) {
  const { name } = card();
  if (opened?.name === name) return opened.network;
  close();
  const { open } = await import(at("inference/network.js"));
  const found = await open(name, (...told) => mine === turn && tell(...told));
  if (mine === turn) opened = { name, network: found };
  else found.close(); // another was asked for meanwhile
  return found;
}

async function here(source, mine) {
  const found = await network(mine);
  if (mine !== turn) return;
  times = [];
  do {
    draw(parts.held, source, SHOWN_SIDE, SHOWN_SIDE);
    const { width, height } = draw(parts.seen, source, found.width, found.height).canvas;
    const picture = parts.seen.getContext("2d").getImageData(0, 0, width, height);
    const answer = await (card().classes ? found.segment(picture) : found.translate(picture));
    if (mine !== turn) return;
    tell("");
    if (answer.labels) label(answer.labels, width, height);
    else cover(answer.pixels, width, height);
    measure(answer.milliseconds, source.lasts);
    element.dataset.where = "browser";
    locate(say("camera.in_browser", { by: answer.by, width, height }), answer.thresholded);
    await new Promise(requestAnimationFrame);
  } while (source.lasts && mine === turn && element.checkVisibility());
  if (mine === turn && source.lasts) again = segment; // the view was left
}

/** One answer for the frame that is held, by the API: class ids are told by their colours. */
async function there(mine) {
  tell("camera.asking_server");
  const { thresholded } = await import(at("inference/reading.js"));
  const answered = async (address, options) => {
    const answer = await fetch(at(`gradio_api/${address}`), options);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer;
  };
  const picture = await new Promise((resolve) => parts.held.toBlob(resolve, "image/png"));
  const [name, ...direction] = card().name.split(".");
  const task = card().classes ? "segment" : "translate";
  const data = [{ path: await window.segen.upload(picture), meta: { _type: "gradio.FileData" } }, name, ...direction];
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ data }) };
  const { event_id } = await (await answered(`call/${task}`, asked)).json();
  const told = await (await answered(`call/${task}/${event_id}?lang=${window.segen.language}`)).text();
  const [, found] = told.match(/event: complete\s+data: (.*)/);
  const image = await createImageBitmap(await (await answered(`file=${JSON.parse(found)[0].path}`)).blob());
  if (mine !== turn) return;
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  tell("");
  if (task === "segment") {
    const ids = new Map(card().classes.map(({ id, color }) => [`${color}`, id]));
    label(Uint8Array.from({ length: width * height }, (_, i) => ids.get(`${pixels.slice(4 * i, 4 * i + 3)}`)), width, height);
  } else cover(pixels, width, height);
  parts.speed.hidden = true;
  element.dataset.where = "server";
  const seen = parts.held.getContext("2d").getImageData(0, 0, width, height).data;
  locate(say("camera.on_server", { width, height }), thresholded(card().reads, seen));
}

async function begin(opens, preferred) {
  stop();
  const mine = turn;
  complain("");
  if (!chosen) choose(preferred);
  parts.stop.disabled = false;
  element.dataset.state = "running";
  tell("camera.opening");
  try {
    const source = await opens();
    if (mine !== turn) return;
    draw(parts.held, source, SHOWN_SIDE, SHOWN_SIDE);
    present();
    parts.labels.width = parts.labels.height = 1; // those of the picture before
    try {
      await here(source, mine);
    } catch (unable) {
      if (mine !== turn) return;
      close();
      const sentence = unable.sentence ?? say("inference.runtime");
      if (window.segen.alone) throw new Told(sentence);
      complain(`${sentence} ${say("camera.instead")}`);
      await there(mine).catch(() => {
        if (mine !== turn) return;
        tell("");
        complain(`${parts.fault.textContent} ${say("camera.no_server")}`);
      });
    }
  } catch (fault) {
    if (mine !== turn) return;
    tell("camera.empty");
    complain(fault instanceof Told ? fault.message : say(fault.message));
  }
  if (mine === turn) stop();
}

// ---- controls

function choose(name) {
  parts.model.value = name;
  if (!parts.model.value) parts.model.selectedIndex = 0;
}

const first = () => props.value.cards[0].name; // the default, which knows people, as cameras see them
const beside = () => {
  const { model, direction } = window.segen.options(props.value.beside);
  return (direction ? `${model}.${direction}` : model) ?? first();
};
const segment = () => begin(still, beside());
let again = segment; // what goes on when another network is chosen

parts.run.addEventListener("click", () => (again = segment)());
parts.camera.addEventListener("click", () => (again = () => begin(camera, first()))());
parts.file.addEventListener("change", () => {
  const [picked] = parts.file.files;
  if (picked) (again = () => begin(file(picked), first()))();
});
parts.stop.addEventListener("click", () => {
  stop();
  tell("");
  again = segment;
});
parts.model.addEventListener("change", () => {
  chosen = parts.model.value;
  const [model, direction] = chosen.split(".");
  window.segen.remember(props.value.place, { model, ...(direction && { direction }) });
  again();
});
const cover_more = () => element.style.setProperty("--opacity", parts.opacity.value / 100);
parts.opacity.addEventListener("input", cover_more);

function fill() {
  const { cards, place } = props.value || {};
  const before = element.dataset.state === "running" ? parts.model.value : null;
  if (!cards?.length) {
    if (before !== null) stop(); // no network of this card runs here
    return;
  }
  for (const part of ["run", "stop"]) parts[part].id = `${place}-${part}`; // by which page.js presses them
  parts.choice.hidden = cards.length < 2;
  parts.classes.hidden = !cards[0].classes;
  parts.run.textContent = say(cards[0].classes ? "camera.run" : "camera.translate");
  if (!cards[0].classes) parts.opacity.value = 100;
  cover_more();
  parts.model.replaceChildren(...cards.map(({ name, title }) => new Option(title, name)));
  chosen = props.value.asked;
  choose(chosen || beside());
  if (before !== null && parts.model.value !== before) {
    stop(); // what runs is another network's
    tell("camera.empty");
  }
}
watch("value", fill);
fill();
