// A chain of models to edit. The recipe as edited is put into the component's value, which every later event sends
// along; what a run gave stands beside its step, pale where the step or one before it was edited since.
// Steps are numbered from 0, as in recipe files and in the names of the files.

const { say, words } = window.segen;
const parts = window.segen.parts(element);
const MAX_UNDOS = 50;

let value = null; // what the server gave: see chain.py
let recipe = null; // as edited since
let undos = [];
let redos = [];
let seen = false; // the tab has been opened

const copy = (what) => JSON.parse(JSON.stringify(what));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const model = (step) => value.models.find(({ name }) => name === step.model);
const labelled = (step) => step.task === "segment" || step.task === "cluster";
const fields = (step) => [...model(step).fields, ...(step.mask === null ? [] : value.mask)];
const initial = (found) => Object.fromEntries(found.map(({ name, initial }) => [name, initial]));

function make(tag, { text, ...properties } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

const list = (choices, chosen, label) => {
  const select = make("select", { ariaLabel: label });
  for (const [key, text] of choices) select.append(make("option", { value: key, text, selected: key === chosen }));
  return select;
};

/** Edit the recipe; `edit` changes a copy. Pictures and forms are laid out anew unless only a setting changed. */
function change(edit, keeps = false) {
  undos.push(recipe);
  if (undos.length > MAX_UNDOS) undos.shift();
  redos = [];
  recipe = copy(recipe);
  edit(recipe.steps);
  settle(keeps);
}

function settle(keeps) {
  props.value = value = { ...value, recipe };
  keeps ? mark() : draw();
}

/** Whether what stands beside step `index` is of the recipe as it is now. */
const fresh = (index) => same(recipe.steps.slice(0, index + 1), value.ran?.steps?.slice(0, index + 1));

function mark() {
  [...parts.steps.children].forEach((card, index) => card.classList.toggle("stale", !fresh(index)));
  parts.stale.hidden = !value.results.length || same(recipe.steps, value.ran?.steps);
  for (const [name, left] of [["undo", undos], ["redo", redos]])
    element.querySelector(`[data-do=${name}]`).disabled = !left.length;
}

function figure(index) {
  const result = value.results[index];
  const other = value.ran?.steps[index]?.model !== recipe.steps[index].model; // it was moved or exchanged since
  if (!result || other) return make("figure", {}, make("p", { className: "empty", text: words["pipelines.not_yet"] }));
  const address = (path) => `gradio_api/file=${path}`;
  const { title } = model(recipe.steps[index]);
  const caption = make("figcaption");
  if (result.agreement) caption.append(make("p", { className: "agreement", text: result.agreement }));
  if (result.regions.length)
    caption.append(
      make("div", { className: "regions" }, ...result.regions.map(({ name, color, share }) => {
        const chip = make("i", { style: `background: rgb(${color})` });
        return make("span", {}, chip, `${name} ${share}`);
      }))
    );
  caption.append(make("p", { text: result.took }));
  const links = result.files.map(({ name, path }) => make("a", { href: address(path), download: name, text: name }));
  caption.append(make("details", {}, make("summary", { text: words["pipelines.files"] }), ...links));
  const alt = say("pipelines.result_of", { step: index, model: title });
  return make("figure", {}, make("img", { src: address(result.picture), alt, className: result.small ? "small" : "" }), caption);
}

function field({ name, label, kind, low, high, choices }, step, index) {
  const set = (given) => change((steps) => void (steps[index].options[name] = given), true);
  const held = step.options[name] ?? "";
  let input;
  if (kind === "list" || kind === "class") {
    const known = kind === "class" ? [...choices, ...classes(step)] : choices;
    input = list(known, held, label);
    input.onchange = () => set(input.value);
  } else {
    const number = kind !== "seed"; // whose digits a number field would round
    input = make("input", { type: number ? "number" : "text", value: held, ariaLabel: label });
    if (number) Object.assign(input, { min: low, max: high, step: kind === "whole" ? 1 : "any" });
    else Object.assign(input, { inputMode: "numeric", pattern: "[0-9]{1,19}", maxLength: 19 });
    input.onchange = () => set(kind === "number" && input.value !== "" ? Number(input.value) : input.value);
  }
  return make("label", {}, make("span", { text: label }), input);
}

const classes = (step) => model(recipe.steps[step.mask]).classes;

function source(step, index) {
  const label = words["pipelines.input"];
  const earlier = recipe.steps.slice(0, index).map((_, i) => [String(i), say("pipelines.from_step", { step: i })]);
  const select = list([["image", words["pipelines.image"]], ...earlier], String(step.input), label);
  select.onchange = () =>
    change((steps) => void (steps[index].input = select.value === "image" ? "image" : Number(select.value)), true);
  return make("label", {}, make("span", { text: label }), select);
}

function mask(step, index) {
  const label = words["pipelines.mask"];
  const earlier = recipe.steps.flatMap((each, i) =>
    i < index && labelled(each) ? [[String(i), say("pipelines.from_step", { step: i })]] : []);
  const select = list([["", words["pipelines.whole"]], ...earlier], step.mask === null ? "" : String(step.mask), label);
  select.onchange = () =>
    change((steps) => {
      const changed = steps[index];
      changed.mask = select.value === "" ? null : Number(select.value);
      for (const { name } of value.mask) delete changed.options[name];
      if (changed.mask !== null) Object.assign(changed.options, initial(value.mask));
    });
  return make("label", {}, make("span", { text: label }), select);
}

function choice(step, index) {
  const select = make("select", { ariaLabel: words["pipelines.model"] });
  for (const [task, title] of value.tasks) {
    const group = make("optgroup", { label: title });
    for (const each of value.models.filter((known) => known.task === task))
      group.append(make("option", { value: each.name, text: each.title, selected: each.name === step.model }));
    select.append(group);
  }
  select.onchange = () => change((steps) => {
    steps[index] = { ...begin(select.value), input: step.input };
    forget(steps, index);
  });
  return select;
}

/** A step of this model with its settings as they are at first. */
const begin = (name) => {
  const known = value.models.find((each) => each.name === name);
  return { task: known.task, model: name, input: "image", mask: null, options: initial(known.fields) };
};

/** Take away masks of a step that no longer gives labels, or whose classes are others now. */
function forget(steps, index) {
  for (const step of steps)
    if (step.mask === index) {
      if (!labelled(steps[index])) step.mask = null;
      for (const { name, initial } of value.mask)
        if (step.mask === null) delete step.options[name];
        else if (name === "class") step.options[name] = initial;
    }
}

/** The steps in a new order, `order` holding their old places; what would look ahead looks at the picture. */
function ordered(steps, order) {
  const place = (old, now) => {
    const found = order.indexOf(old);
    return found >= 0 && found < now ? found : null;
  };
  const moved = order.map((old, now) => {
    const step = steps[old];
    const input = step.input === "image" ? "image" : place(step.input, now) ?? "image";
    const mask = step.mask === null ? null : place(step.mask, now);
    const options = { ...step.options };
    if (mask === null) for (const { name } of value.mask) delete options[name];
    return { ...step, input, mask, options };
  });
  steps.splice(0, steps.length, ...moved);
}

function move(index, by) {
  change((steps) => {
    const order = steps.map((_, i) => i);
    order.splice(index + by, 0, ...order.splice(index, 1));
    ordered(steps, order);
  });
  const moves = [...parts.steps.children[index + by].querySelectorAll(".moves :enabled")];
  moves[by < 0 || moves.length < 3 ? 0 : 1].focus(); // the step can be moved on
}

/** Take a step out; what worked on its result works on its input. */
function remove(index) {
  change((steps) => {
    for (const step of steps) if (step.input === index) step.input = steps[index].task === "generate" ? "image" : steps[index].input;
    ordered(steps, steps.map((_, i) => i).filter((i) => i !== index));
  });
}

function card(step, index) {
  const named = (key) => say(key, { step: index });
  const last = recipe.steps.length - 1;
  const moves = [
    ["↑", "pipelines.up", index > 0, () => move(index, -1)],
    ["↓", "pipelines.down", index < last, () => move(index, 1)],
    ["✕", "pipelines.remove", last > 0, () => remove(index)],
  ].map(([text, key, enabled, run]) =>
    make("button", { type: "button", text, title: named(key), ariaLabel: named(key), disabled: !enabled, onclick: run }));
  const title = make("b", { text: say("pipelines.step", { step: index }) });
  const settings = [
    ...(step.task === "generate" ? [] : [source(step, index)]),
    ...model(step).fields.map((each) => field(each, step, index)),
    ...(step.task === "translate" ? [mask(step, index)] : []),
    ...(step.mask === null ? [] : value.mask.map((each) => field(each, step, index))),
  ];
  return make("li", {},
    make("header", {}, title, choice(step, index), make("span", { className: "moves" }, ...moves)),
    make("div", { className: "body" }, figure(index), make("div", { className: "settings" }, ...settings)));
}

function draw() {
  segen.refill(parts.steps, ...recipe.steps.map(card));
  segen.refill(parts.adds, ...value.tasks.map(([task, title]) => make("button", {
    type: "button",
    text: `+ ${title}`,
    disabled: recipe.steps.length >= value.most,
    onclick: () => change((steps) => {
      const added = begin(value.models.find((each) => each.task === task).name);
      steps.push({ ...added, input: task === "generate" ? "image" : steps.length - 1 });
    }),
  })));
  mark();
}

/** The recipe as a file; seeds and other whole numbers, which the page holds as text, as numbers. */
function save() {
  const steps = recipe.steps.map((step) => ({
    ...step,
    options: Object.fromEntries(Object.entries(step.options).map(([name, held]) => [name, held === "" ? null : held])),
  }));
  const text = JSON.stringify({ version: recipe.version, steps }, null, 1).replace(/: "(\d{1,19})"/g, ": $1");
  const href = URL.createObjectURL(new Blob([text + "\n"], { type: "application/json" }));
  make("a", { href, download: `${value.name}.recipe.json` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

element.addEventListener("click", (event) => {
  const task = event.target.closest("[data-do]")?.dataset.do;
  if (!task || !recipe) return;
  if (task === "save") return save();
  const [from, to] = task === "undo" ? [undos, redos] : [redos, undos];
  to.push(recipe);
  recipe = from.pop();
  settle(false);
});

function start() {
  if (!seen || !value?.runs) return;
  value.runs = false;
  setTimeout(() => segen.press("pipelines-run"), 100); // the picture that came along is in its place by then
}

function open(given) {
  if (!given) return;
  const another = given.opened !== value?.opened;
  if (!another && same(given.results, value.results)) return; // it was put there by `settle`
  if (another && given.ran && value) return void (props.value = value); // of a chain that was left since
  if (another && recipe) {
    undos.push(recipe);
    redos = [];
  }
  recipe = another ? given.recipe : recipe;
  value = { ...given, recipe };
  // It may have been edited since the run began; what is put there without need could replace what comes next.
  if (!another && !same(given.recipe, recipe)) props.value = value;
  draw();
  start();
}

const sight = (entries) => {
  seen ||= entries.some(({ isIntersecting }) => isIntersecting);
  start();
};
new IntersectionObserver(sight, { rootMargin: "10000px" }).observe(element); // anywhere on the page of an open tab
const update = () => open(props.value || null); // Gradio gives "" for none
watch("value", update);
update();
