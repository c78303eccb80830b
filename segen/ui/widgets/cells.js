// A grid of generated pictures. All it shows came with `props.value` (see cells.py); picking a picture, keeping
// it, copying its seed and downloading it ask the server nothing, and what is kept stays in this page.

const { say, words } = window.segen;
const parts = window.segen.parts(element);

let current = null; // the value that is shown
let picked = null; // the picture that is shown large: one of current.pictures, or one of kept
let kept = [];
const keep = element.querySelector("[data-do=keep]");

const nameOf = ({ seed, label }) => say("generate.seed_of", { seed }) + (label ? ` · ${label}` : "");
const same = (a, b) => a && b && a.model === b.model && a.src === b.src;

function image(picture, alt = "") {
  const node = document.createElement("img");
  node.src = picture.src;
  node.alt = alt;
  return node;
}

function cell(picture) {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1;
  button.title = nameOf(picture);
  button.setAttribute("aria-label", nameOf(picture));
  button.append(image(picture));
  button.onclick = () => pick(picture);
  return button;
}

function open(value) {
  if (value?.press) return segen.press(value.press);
  if (value === null) current = null;
  parts.empty.hidden = value !== null;
  parts.result.hidden = value === null;
  parts.coming.hidden = !value?.preview;
  for (const part of ["grid", "large", "hint"]) parts[part].hidden = value?.preview ? !current : false;
  if (value === null) return look();
  if (value.preview) {
    // what was drawn before stays until the next is there
    parts.preview.src = value.preview;
    parts.progress.textContent = value.sentence;
    return;
  }
  current = value;
  parts.sentence.textContent = value.sentence;
  for (const picture of value.pictures) picture.model = value.model;
  parts.grid.style.setProperty("--columns", value.columns);
  parts.grid.replaceChildren(...value.pictures.map(cell));
  pick(value.pictures.find(({ seed }) => seed === picked?.seed) ?? value.pictures[0]);
  const { top, bottom } = parts.grid.getBoundingClientRect();
  if (bottom < 80 || top > innerHeight - 80) parts.grid.scrollIntoView({ block: "start" });
}

function pick(picture) {
  picked = picture;
  parts.picture.src = picture.src;
  parts.picture.alt = parts.name.textContent = nameOf(picture);
  parts.file.href = picture.src;
  parts.file.download = picture.file;
  const here = picture.model === current.model;
  for (const end of ["start", "end"]) {
    const button = element.querySelector(`[data-do=${end}]`);
    button.disabled = !here;
    button.hidden = !current.walks;
  }
  element.querySelector("[data-do=refine]").disabled = !here;
  for (const [i, button] of [...parts.grid.children].entries()) {
    const chosen = same(current.pictures[i], picture);
    button.setAttribute("aria-pressed", chosen);
    button.tabIndex = chosen || (i === 0 && !current.pictures.some((each) => same(each, picture))) ? 0 : -1;
  }
  shelve();
}

function shelve() {
  parts.shelf.hidden = !kept.length;
  window.segen.refill(
    parts.kept,
    ...kept.map((picture) => {
      const item = document.createElement("li");
      const button = cell(picture);
      const remove = document.createElement("button");
      button.tabIndex = 0;
      button.setAttribute("aria-pressed", same(picture, picked));
      const caption = document.createElement("span");
      caption.textContent = picture.seed;
      remove.type = "button";
      remove.className = "remove";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say("generate.remove", { seed: picture.seed }));
      remove.onclick = () => {
        kept = kept.filter((each) => each !== picture);
        shelve();
        if (!kept.length) keep.focus();
      };
      item.append(button, caption, remove);
      return item;
    })
  );
  keep.disabled = kept.some((each) => same(each, picked));
}

parts.grid.addEventListener("keydown", (event) => {
  const columns = getComputedStyle(parts.grid).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...parts.grid.children];
  const next = buttons[buttons.indexOf(document.activeElement) + step];
  next?.focus();
  next?.click();
});

async function copy(button, text) {
  await window.segen.copy(text);
  tell(button, "generate.copied");
}

/** Send the picked seed to the view of latent space. */
function send(button, end) {
  trigger("choose", { end, seed: picked.seed });
  tell(button, "generate.sent");
}

/** Go on from the picked picture in another view: amid its neighbours, or noised and denoised. */
function refine() {
  trigger(current.walks ? "refine" : "vary", { seed: picked.seed, picture: picked.src });
  document.getElementById("generate-views").scrollIntoView({ behavior: "smooth" });
}

function tell(button, key) {
  button.textContent = words[key];
  setTimeout(() => (button.textContent = words[button.dataset.words]), 1500);
}

function linkTo({ model, seed, asked }) {
  const address = new URL(location);
  for (const [name, value] of Object.entries({ model, seed, label: asked ?? "" }))
    address.searchParams.set(name, value);
  return address.href;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const actions = {
    keep: () => {
      kept = [...kept, picked];
      shelve();
    },
    seed: () => copy(button, picked.seed),
    link: () => copy(button, linkTo(picked)),
    refine,
    start: () => send(button, "start"),
    end: () => send(button, "end"),
    segment: () => segen.visit({ tab: "segment" }, picked.src),
    pipelines: () => segen.visit({ tab: "pipelines", chain: "seasons" }, picked.src),
    translate: () => segen.visit({ tab: "translate" }, picked.src),
  };
  actions[button.dataset.do]();
});

/** Ask for the first pictures as soon as the empty grid is seen. */
function look() {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (parts.result.hidden) trigger("seen");
    },
    { threshold: 0.3 }
  );
  observer.observe(element);
}

const update = () => open(props.value || null); // Gradio gives "" for none
watch("value", update);
update();
