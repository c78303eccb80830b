// Buttons of a picture or a list, which comes anew with each choice: the event `choose` carries the kind and the choice.
// A picture `data-spot` is clicked at a place of it, or moved over by the arrow keys: `choose` carries shares of its sides.
let open = false; // the list, if there is one
const choose = (button) => {
  open = element.querySelector("details")?.open ?? false;
  trigger("choose", { kind: button.dataset.kind, choice: button.dataset.choice });
};
const place = (spot, x, y) => {
  const { width, height } = spot.dataset;
  const share = (value, side) => Math.min(Math.max(value / side, 0), 1);
  trigger("choose", { kind: "place", x: share(x, width), y: share(y, height) });
};
element.addEventListener("click", (event) => {
  const spot = event.target.closest("[data-spot]");
  if (!spot) return;
  const box = spot.getBoundingClientRect();
  const unit = spot.viewBox.baseVal.width / box.width;
  place(spot, (event.clientX - box.left) * unit, (event.clientY - box.top) * unit);
});
element.addEventListener("keydown", (event) => {
  const spot = event.target.closest("[data-spot]");
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!spot || !step) return;
  event.preventDefault();
  const { width, height, stride } = spot.dataset;
  // Kept within the picture, so that a key never leads to where there is nothing.
  spot.dataset.x = Math.min(Math.max(+spot.dataset.x + step[0] * stride, 0), width);
  spot.dataset.y = Math.min(Math.max(+spot.dataset.y + step[1] * stride, 0), height);
  place(spot, spot.dataset.x, spot.dataset.y);
});
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
}));
