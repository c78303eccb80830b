// Buttons to choose from: the event `choose` carries the data attributes of the one that was clicked.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("choose", { ...button.dataset });
});
