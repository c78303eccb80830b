// A slider over timesteps of diffusion. Its value holds all of them (see diffusion.py), so that it asks the server
// nothing; while they are being made it holds the latest only.

const parts = window.segen.parts(element);

let current = null;

function open(value) {
  current = value && value.frames ? value : null;
  parts.result.hidden = !current;
  parts.empty.hidden = !!current;
  parts.empty.textContent = (value && value.empty) || "";
  if (!current) return;
  parts.pictures.replaceChildren(
    ...current.names.map((name) => {
      const figure = document.createElement("figure");
      const picture = document.createElement("img");
      const caption = document.createElement("figcaption");
      picture.alt = caption.textContent = name;
      figure.append(picture, caption);
      return figure;
    })
  );
  parts.slider.hidden = current.frames.length < 2;
  parts.slider.max = current.frames.length - 1;
  parts.slider.value = current.at;
  show();
}

/** Show the timestep that the slider is at. */
function show() {
  const at = Number(parts.slider.value);
  parts.pictures.querySelectorAll("img").forEach((picture, index) => (picture.src = current.frames[at][index]));
  parts.said.textContent = current.said[at];
  parts.slider.setAttribute("aria-valuetext", current.said[at]);
}

parts.slider.oninput = show;

const update = () => open(props.value || null); // Gradio gives "" for none
watch("value", update);
update();
