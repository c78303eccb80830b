// The address of the page as a QR code: a small one, and a large one in a dialog. See qr.py.
const { open, sheet, large, link, said, close } = window.segen.parts(element);
let asked = "";
let waiting = 0;
const show = () => {
  if (!props.value?.svg) return;
  open.innerHTML = large.innerHTML = props.value.svg;
  link.textContent = props.value.link;
  said.textContent = props.value.said;
};
window.segen.linked = () => {
  clearTimeout(waiting); // a slider changes the address many times a second
  waiting = setTimeout(() => {
    if (location.href === asked) return;
    asked = location.href;
    trigger("linked", { link: asked });
  }, 300);
};
open.addEventListener("click", () => sheet.showModal());
close.addEventListener("click", () => sheet.close());
sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
watch("value", show);
show();
