const { copy, language, parts, speak, words } = window.segen;
const { link } = parts(element);

// The address of this view: of a Space, whose own address stays as it was, that of the frame in it.
link.addEventListener("click", async () => {
  const address = new URL(location);
  for (const name of [...address.searchParams.keys()])
    if (name.startsWith("__")) address.searchParams.delete(name); // such as the key to a private Space
  await copy(address.href);
  link.textContent = words["page.link_copied"];
  setTimeout(() => (link.textContent = words["page.copy_link"]), 1500);
});
for (const link of element.querySelectorAll("a")) {
  if (link.hreflang === language) link.setAttribute("aria-current", "true");
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the plain link would forget tab and options
    speak(link.hreflang);
  });
}
