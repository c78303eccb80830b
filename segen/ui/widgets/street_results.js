// Photographs of a painted map: a click on one shows what belongs to it, and its files are saved, without
// asking the server; the pictures that are shown are the files.
let picked = "0"; // the number of the photograph that was chosen
const chosen = () => element.querySelector("[data-of]:not([hidden])");

function choose(photo) {
  picked = photo;
  for (const choice of element.querySelectorAll("[data-photo]"))
    choice.setAttribute("aria-pressed", choice.dataset.photo === photo);
  for (const group of element.querySelectorAll("[data-of]")) group.hidden = group.dataset.of !== photo;
  for (const cell of element.querySelectorAll("[data-column]"))
    cell.classList.toggle("chosen", cell.dataset.column === photo);
}

element.addEventListener("click", (event) => {
  const { photo, save } = event.target.closest("[data-photo], [data-save]")?.dataset ?? {};
  if (photo) choose(photo);
  if (save) {
    const { seed } = chosen().dataset;
    const names = {
      photo: `painted-street-seed-${seed}.png`,
      painted: "painted-street.labels.png",
      found: `painted-street-seed-${seed}.labels.png`,
    };
    const { src } = (save === "painted" ? element : chosen()).querySelector(`.${save} img`);
    Object.assign(document.createElement("a"), { href: src, download: names[save] }).click();
  }
});
// The first of the photographs comes into sight, which lie below the board; the others leave the choice as it is.
watch("value", () => {
  const { length } = element.querySelectorAll("[data-of]");
  choose(length < 2 ? "0" : picked);
  if (length !== 1) return;
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  element.scrollIntoView({ block: "nearest", behavior });
});
