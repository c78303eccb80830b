// The playground: a model of points in the plane that trains in the visitor's browser while it is in sight.

import { controls, settled } from "./controls.js";
import { History, draw as drawCurves, shown } from "./curves.js";
import { dataOf, inPlane, measure } from "./data.js";
import { build } from "./models.js";
import { COLORS, Plane } from "./picture.js";
import { source } from "./random.js";
import { SCENES } from "./scenes.js";

const BUDGET = 11; // milliseconds of training in a frame
const STILL = 400; // iterations before the first picture where motion is reduced
const STILL_PAUSE = 1000; // milliseconds between pictures there
const REFERENCE = 320; // points of the data in the picture
const MEASURE_EVERY = 10; // iterations
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const say = (key, values) => window.segen.say(`playground.${key}`, values);

/** Start the playground in its parts; `asked()` gives the settings that the page was opened with. */
export function start(tf, parts, table, backend) {
  const planes = [new Plane(parts.plane), new Plane(parts.second)];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const scene = { frame: 0 };
  let settings = null;
  let preset = "none";
  let drawn = [];
  let cursor = [0, 0];
  let running = false;
  let inSight = true;
  let pictured = 0; // when the last picture was drawn
  let result = null;

  const active = () => running && inSight && !document.hidden;
  const empty = () => !scene.data.modes.length;

  /** Begin the run of the settings from its seed. */
  function reset() {
    scene.model?.dispose();
    const data = dataOf(settings.data, drawn);
    const reference = data.batch(REFERENCE, source(settings.seed + 3)) ?? new Float32Array();
    Object.assign(scene, { settings, data, reference, modes: data.modes, frame: 0, chainFrame: 0, chains: 0 });
    scene.model = data.modes.length ? build(tf, settings, data) : null;
    scene.losses = new History();
    scene.coverage = new History();
    result = null;
    if (scene.model) gauge();
    show();
  }

  function gauge() {
    const { model, modes, reference } = scene;
    result = measure(model.samples(), modes, reference);
    scene.coverage.note(model.iterations, { covered: result.covered / modes.length, onData: result.onData });
  }

  /** One step of a network; with `whole`, all of an iteration. */
  function train(whole = false) {
    const { model } = scene;
    const before = model.iterations;
    do model.step();
    while (whole && model.iterations === before);
    if (model.iterations === before) return;
    scene.losses.note(model.iterations, model.losses);
    if (model.iterations % MEASURE_EVERY === 0) gauge();
  }

  function show() {
    const { model, frame } = scene;
    const { plane, second, range, secondRange, losses } = SCENES[settings.model];
    const [first, other] = planes;
    scene.still = still.matches;
    first.begin(range);
    if (!model) other.begin(secondRange);
    if (model) {
      plane(first, scene);
      if (frame % 3 === 0) {
        other.begin(secondRange);
        second(other, scene);
      }
    }
    if (!model) first.points(new Float32Array(drawn.flat()), COLORS.real);
    if (settings.data === "drawn" && document.activeElement === parts.plane) first.cross(cursor);
    if (frame % 4 === 0) {
      drawCurves(parts.losses, scene.losses, losses);
      drawCurves(parts.coverage, scene.coverage, { covered: COLORS.real, onData: COLORS.made }, { low: 0, high: 1 });
      tell();
    }
    scene.frame += 1;
    pictured = performance.now();
    parts.lab.dataset.frames = scene.frame;
  }

  /** Numbers beside the pictures. */
  function tell() {
    const { model, modes } = scene;
    parts.iterations.textContent = say("iterations", { count: model?.iterations ?? 0 });
    parts.lab.dataset.iterations = model?.iterations ?? 0;
    for (const output of parts.lossNames.querySelectorAll("output"))
      output.textContent = shown(model?.losses[output.dataset.loss]);
    parts.covered.textContent = result ? `${result.covered} / ${modes.length}` : "–";
    parts.onData.textContent = result ? `${Math.round(100 * result.onData)} %` : "–";
    parts.empty.hidden = !empty();
  }

  function frame() {
    if (!active()) return;
    if (scene.model) {
      const until = performance.now() + (still.matches ? 4 : 1) * BUDGET;
      do train();
      while (performance.now() < until);
    }
    const early = still.matches && scene.model && scene.model.iterations < STILL;
    if (!still.matches || (!early && performance.now() - pictured > STILL_PAUSE)) {
      if (scene.model) SCENES[settings.model].move?.(scene);
      if (still.matches) {
        again();
        if (!scene.goesOn) run(false); // a first result, and no more until asked
      } else show();
    }
    requestAnimationFrame(frame);
  }

  /** Let the run go on, or pause it. */
  function run(on) {
    const before = active();
    running = on;
    parts.run.textContent = say(on ? "pause" : "run");
    parts.run.setAttribute("aria-pressed", on);
    parts.lab.dataset.state = on ? "running" : "paused";
    if (!before && active()) requestAnimationFrame(frame);
  }

  function see(visible) {
    const before = active();
    inSight = visible;
    if (!before && active()) requestAnimationFrame(frame);
  }

  // settings

  const shownControls = controls(table, parts, (name, value) => {
    if (name === "model") return take({ model: value, data: settings.data, seed: settings.seed });
    settings[name] = value;
    preset = "none";
    describe();
    if (name === "data" || name === "seed" || name === "loss") reset();
    else if (name === "sampling_steps" && scene.model) {
      scene.model.start(source(settings.seed + 2));
      scene.chainFrame = 0;
    }
    if (!active()) again();
  });

  /** A picture of what is there, outside of a run. */
  function again() {
    scene.frame = 0;
    if (scene.model) gauge();
    show();
  }

  /** Take the settings that a link or a button asks for, and begin. */
  function take(asked) {
    settings = settled(table, asked);
    preset = asked.preset ?? "none";
    describe();
    reset();
  }

  function describe() {
    shownControls.show(settings);
    for (const button of parts.presets.children) button.setAttribute("aria-pressed", button.dataset.preset === preset);
    parts.why.textContent = preset === "none" ? say(`about_${settings.model}`) : say(`why_${preset}`);
    parts.planeSees.textContent = say(`plane_${settings.model}`);
    parts.secondSees.textContent = say(`second_${settings.model}`);
    parts.plane.setAttribute("aria-label", parts.planeSees.textContent);
    parts.second.setAttribute("aria-label", parts.secondSees.textContent);
    parts.clear.hidden = parts.drawHelp.hidden = settings.data !== "drawn";
    parts.plane.classList.toggle("drawn", settings.data === "drawn");
    parts.lossNames.replaceChildren(
      ...Object.entries(SCENES[settings.model].losses).map(([name, color]) => named(name, color))
    );
    remember();
  }

  /** Let the address say what the page shows: the preset, or what differs from the model's own settings. */
  function remember() {
    const standard = settled(table, preset === "none" ? { model: settings.model } : { preset });
    const told = (name) => settings[name] !== standard[name] || (name === "model" && preset === "none");
    const names = ["model", "data", "seed", "loss", ...Object.keys(table.sliders)];
    window.segen.remember("playground", {
      preset: preset === "none" ? undefined : preset,
      ...Object.fromEntries(names.map((name) => [name, told(name) ? settings[name] : undefined])),
    });
  }

  function named(name, color) {
    const item = document.createElement("li");
    const [mark, text, output] = ["i", "span", "output"].map((tag) => document.createElement(tag));
    mark.style.background = color;
    text.textContent = say(`loss_name_${settings.model}_${name}`);
    output.dataset.loss = name;
    item.append(mark, text, output);
    return item;
  }

  for (const name of Object.keys(table.presets)) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: say(`preset_${name}`) });
    button.dataset.preset = name;
    button.addEventListener("click", () => {
      take({ preset: name, seed: settings.seed });
      run(true);
    });
    parts.presets.append(button);
  }

  // drawing

  function add(points) {
    const within = inPlane(points);
    if (!within.length) return;
    drawn = inPlane([...drawn, ...within]);
    if (!scene.model) return reset();
    const data = dataOf("drawn", drawn); // the run goes on with what was added
    scene.data = scene.model.data = data;
    scene.modes = data.modes;
    scene.reference = data.batch(REFERENCE, source(settings.seed + 3));
    if (!active()) again();
  }
  const draws = () => settings.data === "drawn";
  parts.plane.addEventListener("pointerdown", (event) => {
    if (!draws() || event.button) return;
    parts.plane.setPointerCapture(event.pointerId);
    add([planes[0].point(event)]);
  });
  parts.plane.addEventListener("pointermove", (event) => {
    if (draws() && parts.plane.hasPointerCapture(event.pointerId)) add([planes[0].point(event)]);
  });
  parts.plane.addEventListener("keydown", (event) => {
    if (!draws()) return;
    const along = KEYS[event.key];
    if (along) cursor = inPlane([cursor.map((value, i) => value + 0.1 * along[i])])[0] ?? cursor;
    else if (event.key === " " || event.key === "Enter") add([cursor]);
    else return;
    event.preventDefault();
    if (!active()) again();
  });
  parts.clear.addEventListener("click", () => {
    drawn = [];
    reset();
  });

  parts.run.addEventListener("click", () => {
    scene.goesOn = true;
    run(!running);
  });
  parts.step.addEventListener("click", () => {
    run(false);
    if (!scene.model) return;
    train(true);
    SCENES[settings.model].move?.(scene);
    again();
  });
  parts.reset.addEventListener("click", reset);
  document.addEventListener("visibilitychange", () => see(inSight));
  new IntersectionObserver(([entry]) => see(entry.isIntersecting)).observe(parts.plane);
  new ResizeObserver(() => settings && !active() && again()).observe(parts.lab);
  parts.backend.textContent = say(backend === "wasm" ? "backend_wasm" : "backend_cpu");
  parts.lab.dataset.backend = backend;
  return { take, run };
}
