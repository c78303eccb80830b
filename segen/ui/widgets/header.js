const { language, parts, speak } = window.segen;
parts(element);
for (const link of element.querySelectorAll("a")) {
  if (link.hreflang === language) link.setAttribute("aria-current", "true");
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the plain link would forget tab and options
    speak(link.hreflang);
  });
}
