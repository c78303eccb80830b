// Chapters: what was guessed and which are done is kept in this browser, and shown wherever chapters are listed.
const { segen } = window;
const KEY = "segen.learned";
const LEARNED = "segen-learned";

const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // a browser may forbid storage: then it is kept until the page is closed
  }
};
segen.learned ??= stored();

const keep = (chapter, news) => {
  segen.learned[chapter] = { ...segen.learned[chapter], ...news };
  try {
    localStorage.setItem(KEY, JSON.stringify(segen.learned));
  } catch {}
  document.dispatchEvent(new Event(LEARNED));
};

const chapter = () => element.querySelector("[data-chapter]")?.dataset.chapter;

const show = () => {
  for (const link of element.querySelectorAll("[data-lesson]"))
    link.querySelector(".done").hidden = !segen.learned[link.dataset.lesson]?.done;
  const guess = segen.learned[chapter()]?.guess;
  for (const choice of element.querySelectorAll("input")) choice.checked = choice.value === guess;
  const kept = element.querySelector(".kept");
  if (kept) kept.hidden = !guess;
};

element.addEventListener("change", (event) => keep(chapter(), { guess: event.target.value }));
element.addEventListener("click", (event) => event.target.closest("[data-print]") && print());
document.addEventListener(LEARNED, show);

// A chapter is done when the answer to its check, the last that is folded, was opened.
if (element.closest("#learn-guess")) {
  const answer = (event) => {
    const folded = [...document.querySelectorAll("#learn-rest details")];
    if (event.target.open && event.target === folded.at(-1)) keep(chapter(), { done: true });
  };
  document.addEventListener("toggle", answer, true); // it does not bubble
}

let before = chapter();
watch("value", () => requestAnimationFrame(() => {
  show();
  if (before && before !== chapter()) document.getElementById("tabs").scrollIntoView();
  before = chapter();
}));
show();
