// The frame of the static twin: places as tabs, the lab's own components in them, and links between them. What stands in
// an address of the lab stands in one of the twin, too; what only a server can do is not linked to.

const { segen } = window;
const VALUES = JSON.parse(document.getElementById("values").textContent);
const PLACES = Object.keys(VALUES);
const options = {}; // of each place, as its address says
let open = "";

segen.alone = true; // nobody answers for a network that cannot run here
segen.options = (place) => options[place] ?? {};
segen.remember = (place, values) => {
  const known = place in options ? place : open; // a component may go by the name of a view
  options[known] = { ...options[known], ...values };
  if (known === open) write();
};

/** The place of the twin that an address of the lab asks for, with its options; null where the twin has none. */
function placed(query) {
  const { lang, tab, view, ...rest } = Object.fromEntries(new URLSearchParams(query));
  if (!tab) return { place: "learn", rest };
  const views = {
    learn: { chapters: "learn", playground: "playground" },
    segment: { segment: "segment", camera: "segment", teach: "teach" },
    generate: { draw: "generate", latent: "generate" },
    translate: { translate: "translate", stream: "translate", pad: "draw" },
  };
  const first = tab === "learn" ? "chapters" : tab === "generate" ? "draw" : tab;
  const drawn = tab === "translate" && VALUES.draw.models.includes(`${rest.model}.forward`);
  const place = drawn ? "draw" : views[tab]?.[view ?? first];
  if (!PLACES.includes(place)) return null;
  const { models } = VALUES[place]; // of the playground, `model` is a setting
  if (models && rest.model && !models.some((name) => name.split(".")[0] === rest.model)) return null;
  return { place, rest };
}

/** How the lab addresses a place. */
const VIEWS = { learn: "chapters", playground: "playground", segment: "camera", teach: "teach", generate: "latent", translate: "stream", draw: "pad" };
const TABS = { playground: "learn", teach: "segment", draw: "translate" };
function write() {
  const given = Object.entries({ tab: TABS[open] ?? open, view: VIEWS[open], ...options[open] });
  history.replaceState(null, "", `?${new URLSearchParams(given.filter(([, value]) => value !== undefined))}`);
  document.documentElement.dataset.tab = open; // it is shown
}

// ---- components

/** Begin a component of the lab; the answer gives it a value, and its `value()` tells what that has become. */
async function component(element, value) {
  const { default: begin } = await import(`./widgets/${element.dataset.component}.js`);
  const watchers = [];
  const props = { value };
  const trigger = (event) => element.dispatchEvent(new CustomEvent(event));
  begin(element, props, (_, act) => watchers.push(act), trigger);
  const fill = (next) => {
    props.value = next;
    for (const act of watchers) act();
  };
  return Object.assign(fill, { value: () => props.value });
}

/** The network of those to choose from that a card's name asks for. */
const network = (place) => {
  const { model, direction } = options[place];
  const names = VALUES[place].models.filter((name) => name.split(".")[0] === model || name === model);
  return names.find((name) => name.endsWith(`.${direction}`)) ?? names[0] ?? "";
};

// A formula wider than its place is scrolled: by the arrow keys, too, once it can have the focus.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
});

const begun = { // each place: begins once, and gives what shows its options
  async learn() {
    const chapters = await (await fetch(`chapters.${segen.language}.json`)).json();
    const parts = {};
    for (const name of ["contents", "guess", "foot"]) {
      const element = document.getElementById(`learn-${name}`);
      const fill = await component(element, "");
      parts[name] = (html) => {
        element.innerHTML = html;
        fill(html);
      };
    }
    return () => {
      const asked = options.learn.chapter;
      const chapter = Object.hasOwn(chapters, asked) ? asked : Object.keys(chapters)[0];
      const { lead, rest, ...others } = chapters[chapter];
      document.getElementById("learn-lead").innerHTML = lead;
      document.getElementById("learn-rest").innerHTML = rest;
      for (const [name, html] of Object.entries(others)) parts[name](html);
      for (const formula of document.querySelectorAll("#learn .math.block")) sizes.observe(formula);
      options.learn = { chapter };
      const away = [...document.querySelectorAll('#learn a[href^="?"]')].filter(({ search }) => !placed(search));
      for (const link of away) link.replaceWith(Object.assign(document.createElement("span"), { className: "elsewhere", textContent: link.textContent }));
      document.querySelector("#learn .away").hidden = !away.length;
    };
  },
  async playground() {
    const { choices, presets, sliders, most_seed } = VALUES.playground.table;
    const asked = ({ seed, ...given }) => {
      const found = {};
      for (const [name, allowed] of Object.entries({ ...choices, preset: Object.keys(presets) }))
        if (allowed.includes(given[name])) found[name] = given[name];
      for (const name of Object.keys(sliders)) if (Number.isFinite(Number(given[name]))) found[name] = Number(given[name]);
      if (/^\d+$/.test(seed) && Number(seed) <= most_seed) found.seed = Number(seed);
      return found;
    };
    const value = () => ({ ...VALUES.playground, asked: asked(options.playground) });
    const fill = await component(document.querySelector("#playground [data-component]"), value());
    return () => fill(value());
  },
  segment: () => live("segment"),
  translate: () => live("translate"),
  async teach() {
    const { begin } = await import("./teach.js");
    const section = document.getElementById("teach");
    let shown = ""; // the example; null for a picture of the visitor's own
    const show = await begin(section, VALUES.teach, component, () => {
      shown = null;
      options.teach = {};
      write();
    });
    const go_to = (example) => {
      if (example !== shown) show((shown = example)); // coming back to the place leaves the strokes as they are
    };
    const buttons = [...section.querySelectorAll("[data-example]")];
    for (const { dataset } of buttons) dataset.name = dataset.example.split("/")[1].split(".")[0];
    for (const button of buttons)
      button.addEventListener("click", () => {
        options.teach = { example: button.dataset.name };
        write();
        shown = "";
        go_to(button.dataset.name);
      });
    return () => {
      const asked = buttons.find(({ dataset }) => dataset.name === options.teach.example);
      if (asked || shown === "") go_to((asked ?? buttons[0]).dataset.name);
    };
  },
  async generate() {
    const { cards } = VALUES.generate;
    const value = () => ({ cards: cards.toSorted((one, other) => (other.name === network("generate")) - (one.name === network("generate"))) });
    const fill = await component(document.querySelector("#generate [data-component]"), value());
    return () => fill(value());
  },
  async draw() {
    const { board, coloring } = VALUES.draw;
    await component(document.querySelector("#draw [data-component=coloring]"), coloring);
    await component(document.querySelector("#draw [data-component=paint]"), board);
    return () => {};
  },
};

/** The live view of a place, beside its examples: the first one begins it. */
async function live(place) {
  const section = document.getElementById(place);
  const value = () => ({ ...VALUES[place], asked: network(place), picture: `#${place} .picture img` });
  const fill = await component(section.querySelector("[data-component]"), value());
  const take = (example) => {
    section.querySelector(".picture").replaceChildren(Object.assign(new Image(), { src: example.dataset.example }));
    fill(value());
    section.querySelector("[data-part=run]").click();
  };
  let shown = "";
  const examples = [...section.querySelectorAll("[data-example]")];
  for (const example of examples)
    example.addEventListener("click", () => {
      const [model, direction] = example.dataset.model.split(".");
      options[place] = { model, ...(direction && { direction }) };
      write();
      shown = network(place); // coming back to the place leaves it as it is
      take(example);
    });
  return () => {
    const asked = network(place) || VALUES[place].models[0];
    if (asked === shown) return;
    shown = asked;
    const card = asked.split(".")[0];
    const known = (name) => examples.find(({ dataset: { model } }) => model === name || model.split(".")[0] === name);
    take(known(asked) ?? known(card) ?? examples[0]);
  };
}

// ---- places

const tabs = PLACES.map((place) => document.getElementById(`${place}-tab`));
const ready = {};

async function go({ place, rest }) {
  open = place;
  options[place] = rest;
  for (const [number, tab] of tabs.entries()) {
    const here = PLACES[number] === place;
    tab.setAttribute("aria-selected", here);
    tab.tabIndex = here ? 0 : -1;
    document.getElementById(PLACES[number]).hidden = !here;
  }
  ready[place] ??= begun[place]();
  try {
    (await ready[place])();
    document.getElementById("fault").hidden = true;
  } catch (fault) {
    console.error(fault);
    delete ready[place]; // who chooses the place again tries again
    document.getElementById("fault").hidden = open !== place;
  }
  if (open === place) write();
}

for (const [number, tab] of tabs.entries())
  tab.addEventListener("click", () => go({ place: PLACES[number], rest: options[PLACES[number]] ?? {} }));
document.querySelector("[role=tablist]").addEventListener("keydown", ({ key }) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!step) return;
  const next = tabs[(PLACES.indexOf(open) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
});
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="?"]');
  const found = link && placed(link.search);
  if (!found || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(found);
  scrollTo({ top: 0 });
});
for (const link of document.querySelectorAll("#header nav a"))
  link.addEventListener("click", () => (link.search = location.search));
go(placed(location.search) ?? { place: "learn", rest: {} });
