// Runs before Gradio starts, after words.js.

// Gradio asks the browser for the language; the address has the last word.
for (const [name, value] of Object.entries({ language: segen.locale, languages: [segen.locale] })) {
  Object.defineProperty(navigator, name, { value });
}

// Gradio says "processing" and "Error" in English only; page.css puts these words in their place.
for (const name of ["working", "error"]) {
  document.documentElement.style.setProperty(`--${name}`, JSON.stringify(segen.words[`page.${name}`]));
}

// Svelte follows all of Gradio's configuration through proxies, but objects of another class than Array or Object. Its
// dependencies never change, and are gone through for each component: without proxies the page is there sooner.
{
  class Dependencies extends Array {}
  let config;
  Object.defineProperty(window, "gradio_config", {
    get: () => config,
    set: (given) => {
      config = given;
      if (given.dependencies) Object.setPrototypeOf(given.dependencies, Dependencies.prototype);
    },
  });
}

// Do something with each element of this selector as it appears on the page.
const appearing = (selector, act) =>
  new MutationObserver((changes) => {
    const nodes = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node instanceof Element);
    for (const node of nodes.flatMap((node) => [node, ...node.querySelectorAll(selector)]))
      if (node.matches(selector)) act(node);
  }).observe(document, { childList: true, subtree: true });

// Gradio says "queue: 2/5 | 1.3/20.0s" of a work that waits: say its place, and how long it may take, in a sentence.
{
  const sentence = (text) => {
    const [, place, waiting, seconds] = text.match(/queue: (\d+)\/(\d+) \|(?:.*\/([\d.]+)s)?/) ?? [];
    if (!place) return "";
    if (!seconds) return segen.say("page.queued", { place, waiting });
    if (seconds < 90) return segen.say("page.queued_seconds", { place, waiting, seconds: Math.ceil(seconds) });
    return segen.say("page.queued_minutes", { place, waiting, minutes: Math.round(seconds / 60) });
  };
  const tell = (node) => {
    const said = sentence(node.textContent);
    if (said) node.style.setProperty("--queued", JSON.stringify(said));
    else node.style.removeProperty("--queued");
  };
  const all = { childList: true, characterData: true, subtree: true };
  appearing(".progress-text", (node) => {
    new MutationObserver(() => tell(node)).observe(node, all);
    tell(node);
  });
}

// A formula wider than its place is scrolled: by the arrow keys, too, once it can have the focus.
{
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  appearing(".katex-display", (node) => sizes.observe(node));
}

// Gradio leaves the button around a picture without a name: it is that of the picture.
appearing(".image-container > button", (button) => {
  const label = button.closest(".block").querySelector("[data-testid=block-label]");
  if (label) button.ariaLabel = label.textContent.trim();
});

// Some labels of Gradio's components are in English only: say them in the page's language as they appear, and to
// screen readers as what they are.
{
  const names = ["aria-label", "alt", "title", "placeholder"];
  const patterns = Object.entries(segen.labels).map(([english, ours]) => {
    const plain = english.replace(/[-.*+?^$()|[\]\\]/g, "\\$&");
    return [new RegExp(`^${plain.replace(/\{(\w+)\}/g, "(?<$1>.*?)")}$`), ours];
  });
  const translated = (text) => {
    for (const [pattern, ours] of patterns) {
      const found = text.match(pattern);
      if (found) return ours.replace(/\{(\w+)\}/g, (_, name) => found.groups[name]);
    }
    return text;
  };
  const set = (node, name, text) => text !== node.getAttribute(name) && node.setAttribute(name, text);
  const translate = (node) => {
    for (const name of names) if (node.hasAttribute(name)) set(node, name, translated(node.getAttribute(name)));
    // Gradio puts the value of a choice there, not its name.
    if (node.matches("label > input[title]")) set(node, "title", node.parentElement.textContent.trim());
    // Gradio names an empty picture by a label, which a mere div may not have.
    if (node.matches("div.empty[aria-label]")) set(node, "role", "img");
  };
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") translate(target);
      for (const added of addedNodes) {
        if (!(added instanceof Element)) continue;
        translate(added);
        added.querySelectorAll(names.map((name) => `[${name}]`).join()).forEach(translate);
        for (const message of added.querySelectorAll("[data-testid=toast-text]")) {
          const ours = translated(message.textContent.trim());
          if (ours !== message.textContent.trim()) message.textContent = ours;
        }
      }
    }
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: names });
}

// Gradio is silent about a fault of an event that does not wait in its queue: say it for a while, over the page.
{
  let shown = null;
  const tell = (sentence) => {
    shown?.remove();
    const told = document.createElement("div");
    const close = document.createElement("button");
    const remove = () => told.remove();
    Object.assign(told, { id: "fault", role: "alert", textContent: sentence });
    Object.assign(close, { type: "button", textContent: "✕", ariaLabel: segen.words["page.close"], onclick: remove });
    told.append(close);
    document.querySelector(".gradio-container").append(told);
    setTimeout(remove, 10_000);
    shown = told;
  };
  const { fetch } = window;
  window.fetch = async (...given) => {
    const answer = await fetch(...given);
    const { pathname } = new URL(given[0].url ?? given[0], location);
    const alone = pathname.endsWith("/run/predict");
    if (answer.ok || !(alone || pathname.endsWith("/queue/join"))) return answer;
    // What stands between page and server, as a proxy does, answers in a language of its own, and Gradio any 503.
    const fault = await answer.json().catch(() => ({ error: segen.words["page.no_answer"] }));
    if (alone && fault.error) tell(fault.error);
    return Response.json(fault, { status: 500 });
  };
}

// Press a button, as soon as it is there: what is in a tab is not before the tab was opened.
segen.press = (id, tries = 200) => {
  const button = document.getElementById(id);
  if (button) button.click();
  else if (tries) setTimeout(segen.press, 50, id, tries - 1);
  else segen.tell("page.not_there");
};

// Press a button that can be seen if what it fills is empty: a view has a result when it is opened. But not while
// another model is on its way, which may not have that view.
{
  let filling = 0;
  segen.unfill = () => clearTimeout(filling);
  segen.fill = (id, filled, tries = 20) => {
    segen.unfill();
    filling = setTimeout(() => {
      const button = document.getElementById(id);
      if (!button && tries) segen.fill(id, filled, tries - 1);
      else if (button?.checkVisibility() && !document.querySelector(`#${filled} img`)) button.click();
    }, 200);
  };
}

// How often another choice was picked from each drop-down list: Gradio tells of an input whenever one is left, too.
{
  const held = {}; // the choice of each list, or its choices, when it was entered, or last picked
  const counts = {};
  segen.enter = (list, choice) => void (held[list] = JSON.stringify(choice));
  segen.picks = (list, choice) => {
    const before = held[list];
    segen.enter(list, choice);
    counts[list] = (counts[list] ?? 0) + (held[list] !== before);
    return counts[list];
  };
}

// Press a button when a slider is let go of after it was moved: Gradio tells of a release whenever its number is left, too.
{
  const moved = new Set();
  segen.move = (slider) => void moved.add(slider);
  segen.moved = (slider, button) => void (moved.delete(slider) && segen.press(button));
}

// The path of a picture that took the place of another; "" for the one that the page opened with.
{
  let first = null;
  segen.replaced = (picture) => {
    const path = picture?.path ?? "none";
    first ??= path;
    return path === first ? "" : path;
  };
}

// The address says what the page shows, so that it can be sent as a link: language, tab, its view if it has some,
// and the options of these.
{
  const { lang, tab, view, ...rest } = Object.fromEntries(new URLSearchParams(location.search));
  let open = null; // the tab that is shown, once the server has restored the page
  let options = { [view ?? tab ?? "start"]: rest };
  const views = {}; // of a tab that has views, the one that is open
  const shown = () => views[open] ?? open;

  const address = (lang) => {
    const given = { lang, tab: open, ...(views[open] && { view: views[open] }), ...options[shown()] };
    return "?" + new URLSearchParams(Object.entries(given).filter(([, value]) => String(value ?? "") !== ""));
  };
  const write = () => {
    if (!open) return;
    history.replaceState(history.state, "", address(segen.language));
    document.documentElement.dataset.tab = open;
    segen.linked?.(); // qr.js
  };

  segen.options = (place) => options[place] ?? {};
  segen.remember = (place, values) => {
    if ("view" in values) delete views[place]; // it is one of the tab's own options
    options[place] = { ...options[place], ...values };
    if (place === shown()) write();
  };
  segen.named = (names, values) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
  segen.restored = (restored) => {
    const { view, ...others } = restored.options;
    const filled = !open || Object.keys(restored.options).length; // else only a picture was brought along
    open = restored.tab;
    if (filled) {
      if (view) views[open] = view;
      else delete views[open]; // it shows its first
      options = { ...options, [shown()]: others };
    }
    write();
    dispatchEvent(new Event("restored"));
    start(open);
    if (restored.press) segen.press(restored.press);
  };
  segen.open = (tab) => {
    if (open) open = tab; // Gradio tells of the first tab before the page is restored
    write();
    start(tab);
  };
  segen.view = (tab, view) => {
    views[tab] = view;
    write();
    start(tab);
  };
  segen.speak = (language) => location.assign(address(language));

  // The views of a tab that look at one picture: each runs, by its button VIEW-look or VIEW-run, when it is opened,
  // unless what it shows is of that picture already.
  const done = {}; // by tab, the views that ran
  const last = {}; // and the one that was last to run, until a Stop button tells that it has ended
  let waiting = 0;
  const start = (tab) => {
    if (!done[tab]) return;
    clearTimeout(waiting); // a new picture and a new model often come together
    waiting = setTimeout(() => {
      if (open !== tab || done[tab].has(shown())) return;
      const cut = last[tab]; // of views under one Stop button only the last goes on
      if (cut && !document.getElementById(`${cut}-stop`)) done[tab].delete(cut);
      last[tab] = shown();
      done[tab].add(shown());
      const look = `${shown()}-look`; // it may refuse a picture that VIEW-run takes
      segen.press(document.getElementById(look) ? look : `${shown()}-run`);
    }, 80);
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) if (target.disabled) delete last[target.id.replace(/-stop$/, "")];
  }).observe(document, { subtree: true, attributeFilter: ["disabled"] });
  // Another picture came: all views are to run but these, which show something else or have run.
  segen.fresh = (tab, ...but) => {
    done[tab] = new Set(but);
    start(tab);
  };
  segen.begin = (tab, ...but) => done[tab] || segen.fresh(tab, ...but); // the page opened with a picture
  segen.again = (tab) => {
    segen.end(tab, open === tab && shown());
    segen.fresh(tab);
  };

  // End by the Stop buttons what goes on in a tab, but for one view of it: it is of what was chosen before.
  segen.end = (tab, but) => {
    const views = [...document.querySelectorAll(`#${tab}-views [data-tab-id]`)].map(({ dataset }) => dataset.tabId);
    for (const view of new Set([tab, ...views])) if (view !== but) document.getElementById(`${view}-stop`)?.click();
  };
}

// Visits within the page: see visit.py.
{
  // The path of the picture at this address on the server, where it is put if it is not there yet.
  const path = async (source) => {
    const kept = new URL(source, location).pathname.split("/gradio_api/file=")[1];
    if (kept && !source.startsWith("data:")) return decodeURIComponent(kept);
    return segen.upload(await (await fetch(source)).blob());
  };
  // Put a picture, a Blob, on the server; its path there. Throws where the server does not take it.
  segen.upload = async (picture) => {
    const body = new FormData();
    body.append("files", picture, `picture.${picture.type.split("/")[1]}`);
    const answer = await fetch("gradio_api/upload", { method: "POST", body });
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json())[0];
  };
  segen.visit = async (options, source) => {
    document.querySelector(`[role="tab"][data-tab-id="${options.tab}"]`)?.click();
    const { lang, tab, ...others } = options;
    const filled = Object.keys(others).length;
    if (!source && !filled) return;
    if (filled) segen.end(tab);
    try {
      segen.go(options, source ? await path(source) : null);
    } catch {
      segen.tell("page.not_brought");
    }
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[data-visit], .visits a[href^="?"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { picture } = link.dataset;
    const found = picture && document.querySelector(picture);
    if (picture && !found) return segen.tell("page.no_picture_yet");
    segen.visit(Object.fromEntries(new URLSearchParams(link.search)), found && (found.currentSrc || found.src || found.href));
  });
}
