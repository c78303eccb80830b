// A table of models: sorted by a column, filtered by task and by words, with one card's details open at a time.
const table = () => element.querySelector(".cards tbody");
const cards = () => [...element.querySelectorAll("[data-card]")];
const details = (card) => element.querySelector(`[data-of="${CSS.escape(card)}"]`);
let sorted = null; // {column, up}

function open(name, shut = false) {
  for (const row of cards()) {
    const chosen = row.dataset.card === name && !shut;
    details(row.dataset.card).hidden = !chosen;
    row.querySelector("[data-open]").setAttribute("aria-expanded", chosen);
  }
  window.segen.remember("cards", { card: shut ? "" : name });
}

function sort(column) {
  const up = sorted?.column === column ? !sorted.up : column < 2; // numbers start with the highest
  sorted = { column, up };
  const value = (row) => row.children[column].dataset.value;
  const order = (a, b) => (up ? 1 : -1) * value(a).localeCompare(value(b), window.segen.locale);
  for (const row of cards().sort(order)) table().append(row, details(row.dataset.card));
  [...element.querySelectorAll("thead th")].forEach((head, i) =>
    head.setAttribute("aria-sort", i !== column ? "none" : up ? "ascending" : "descending"));
}

function filter() {
  const task = element.querySelector("[name=models-task]:checked").value;
  const wanted = element.querySelector("[data-part=wanted]").value.trim().toLowerCase().split(/\s+/);
  let some = false;
  for (const row of cards()) {
    const text = `${row.textContent} ${details(row.dataset.card).textContent}`.toLowerCase();
    const shown = (!task || row.dataset.task === task) && wanted.every((word) => text.includes(word));
    row.hidden = !shown;
    if (!shown) details(row.dataset.card).hidden = true;
    some ||= shown;
  }
  for (const plot of element.querySelectorAll("[data-tasks]"))
    plot.hidden = Boolean(task) && !plot.dataset.tasks.split(" ").includes(task);
  element.querySelector("[data-part=none]").hidden = some;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open], [data-sort]");
  if (!button) return;
  event.preventDefault();
  if (button.dataset.sort) return sort(Number(button.dataset.sort));
  open(button.dataset.open, button.getAttribute("aria-expanded") === "true");
  const row = element.querySelector(`[data-card="${CSS.escape(button.dataset.open)}"]`);
  row.hidden = false; // a plot may name what the filter hides
  row.scrollIntoView({ block: "nearest" });
});
element.addEventListener("input", filter);
