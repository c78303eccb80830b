// What the page has to say of a link; `segen.tell` says a sentence that the server did not send.
const { said } = window.segen.parts(element);
const show = () => { said.textContent = props.value || ""; };
watch("value", show);
addEventListener("restored", show); // the server may have nothing to say again, of which nothing hears
window.segen.tell = (key) => { said.textContent = window.segen.words[key]; };
show();
