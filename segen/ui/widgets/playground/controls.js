// The controls of the playground, made of its table of settings: choices, sliders over lists of values, the seed.

const say = (key, values) => window.segen.say(`playground.${key}`, values);

function choice(name, values, change) {
  const group = document.createElement("div");
  group.className = "choice";
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", say(name));
  const radios = values.map((value) => {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: `playground-${name}`, value });
    const text = document.createElement("span");
    text.textContent = say(`${name}_${value}`);
    label.append(radio, text);
    group.append(label);
    radio.addEventListener("change", () => change(name, value));
    return radio;
  });
  return { node: group, show: (value) => radios.forEach((radio) => (radio.checked = radio.value === value)) };
}

function slider(name, values, change) {
  const label = document.createElement("label");
  label.className = "slider";
  const [title, output] = [document.createElement("span"), document.createElement("output")];
  const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: values.length - 1, step: 1 });
  input.dataset.setting = name;
  label.append(title, output, input);
  const show = (value) => {
    input.value = values.indexOf(value);
    output.textContent = value;
    input.setAttribute("aria-valuetext", value);
  };
  input.addEventListener("input", () => {
    const value = values[input.value];
    show(value);
    change(name, value);
  });
  return { node: label, show, entitle: (model) => (title.textContent = say(`${name}_of_${model}`)) };
}

/**
 * Fill `choices` (model and data) and `sliders` (what the model has, the seed); `change(name, value)` is called for
 * each change by the visitor. `show(settings)` shows settings.
 */
export function controls(table, { choices, sliders }, change) {
  const made = {};
  for (const name of ["model", "data"]) {
    made[name] = choice(name, table.choices[name], change);
    choices.append(made[name].node);
  }
  made.loss = choice("loss", table.choices.loss, change);
  sliders.append(made.loss.node);
  for (const [name, values] of Object.entries(table.sliders)) {
    made[name] = slider(name, values, change);
    sliders.append(made[name].node);
  }
  const seed = document.createElement("label");
  seed.className = "seed";
  const title = document.createElement("span");
  title.textContent = say("seed");
  const number = Object.assign(document.createElement("input"), { type: "number", min: 0, max: table.most_seed, step: 1 });
  number.dataset.setting = "seed";
  seed.append(title, number);
  sliders.append(seed);
  number.addEventListener("change", () => {
    if (number.value !== "" && number.validity.valid) change("seed", Number(number.value));
    else number.reportValidity();
  });
  return {
    show(settings) {
      for (const [name, control] of Object.entries(made)) {
        control.node.hidden = !(name in settings);
        if (!(name in settings)) continue;
        control.entitle?.(settings.model);
        control.show(settings[name]);
      }
      number.value = settings.seed;
    },
  };
}

/** The settings of a model, changed by a preset and by what a link asks for; numbers move to the nearest of their list. */
export function settled(table, { preset, ...asked }) {
  const chosen = { ...table.presets[preset], ...asked };
  const model = chosen.model ?? table.choices.model[0];
  const settings = { model, data: table.choices.data[0], seed: 1, ...table.models[model] };
  for (const name of Object.keys(settings)) {
    if (!(name in chosen)) continue;
    const values = table.sliders[name];
    const near = (wanted) => values.reduce((best, value) => (Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));
    settings[name] = values ? near(Number(chosen[name])) : name === "seed" ? Number(chosen[name]) : chosen[name];
  }
  return settings;
}
