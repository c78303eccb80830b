// What every component uses, whatever page it stands on. `window.segen` holds language, locale and words already.

// A sentence with values in the place of its {names}.
segen.say = (key, values) => (segen.words[key] ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);

// The parts of a component by their name, its words and its labels put in.
segen.parts = (element) => {
  for (const node of element.querySelectorAll("[data-words]")) node.textContent = segen.words[node.dataset.words];
  for (const node of element.querySelectorAll("[data-alt]")) node.alt = segen.words[node.dataset.alt];
  for (const node of element.querySelectorAll("[data-label]"))
    node.setAttribute("aria-label", segen.words[node.dataset.label]);
  return Object.fromEntries([...element.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
};

// Put a text into the clipboard; where a page may not, for want of HTTPS or in a frame, the visitor can copy it.
segen.copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    prompt("", text);
  }
};
