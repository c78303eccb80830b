// Buttons of a picture or a list, which comes anew with each choice: the event `choose` carries the kind and the choice.
let chosen = false;
let open = false; // the list, if there is one
const choose = (button) => {
  chosen = true;
  open = element.querySelector("details")?.open ?? false;
  trigger("choose", { kind: button.dataset.kind, choice: button.dataset.choice });
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choice]");
  if (button) choose(button);
});
element.addEventListener("keydown", (event) => {
  const button = event.target.closest("g[data-choice]"); // a drawn button has no keys of its own
  if (!button || ![" ", "Enter"].includes(event.key)) return;
  event.preventDefault();
  choose(button);
});
watch("value", () => requestAnimationFrame(() => {
  const button = element.querySelector("[aria-pressed=true]");
  const details = element.querySelector("details");
  if (details) details.open = open;
  const list = button?.closest(".layers");
  if (list) list.scrollTop = button.offsetTop - list.clientHeight / 2;
  if (chosen) button?.focus({ preventScroll: true });
  chosen = false;
}));
