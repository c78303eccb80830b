// The blind test: a click on a picture is the answer, told once; which is which only the server knows until then.
let sent = false;
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-side]");
  if (!button || sent) return;
  sent = true;
  trigger("choose", { side: button.dataset.side });
});
watch("value", () => (sent = false));
