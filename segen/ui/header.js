const { words, language, speak } = window.segen;
for (const node of element.querySelectorAll("[data-words]")) node.textContent = words[node.dataset.words];
for (const node of element.querySelectorAll("[data-label]"))
  node.setAttribute("aria-label", words[node.dataset.label]);
for (const link of element.querySelectorAll("a")) {
  if (link.hreflang === language) link.setAttribute("aria-current", "true");
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the plain link would forget tab and options
    speak(link.hreflang);
  });
}
