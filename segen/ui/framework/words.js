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

// Put other children into a node; what had the focus in it leaves it to what stands in its place, or near there.
segen.refill = (node, ...children) => {
  const path = [];
  for (let at = document.activeElement; at !== node && node.contains(at); at = at.parentElement)
    path.unshift([...at.parentElement.children].indexOf(at));
  node.replaceChildren(...children);
  if (!path.length) return;
  const controls = ":enabled, summary, a[href]";
  let near = path.reduce((at, i) => at.children[Math.min(i, at.children.length - 1)] ?? at, node);
  for (; node.contains(near); near = near.parentElement) {
    const control = near.matches(controls) ? near : near.querySelector(controls);
    if (control) return control.focus({ preventScroll: true });
  }
};

// Put a text into the clipboard; where a page may not, for want of HTTPS or in a frame, the visitor can copy it.
segen.copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    prompt("", text);
  }
};
