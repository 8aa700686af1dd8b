"use strict";
// Sorting and filtering of the gallery. Without this script the page shows everything, from
// typical to deviant.
(() => {
  const controls = document.getElementById("controls");
  if (!controls) return;
  const field = (id) => document.getElementById(id);
  const galleries = [...document.querySelectorAll(".gallery")];

  // Missing values sort last in either direction.
  const byNumber = (key, sign) => (a, b) => {
    const [x, y] = [a.dataset[key], b.dataset[key]];
    if (x === "" || y === "") return (x === "") - (y === "");
    return sign * (Number(x) - Number(y));
  };
  const byName = (a, b) => (a.dataset.name < b.dataset.name ? -1 : a.dataset.name > b.dataset.name ? 1 : 0);
  const orders = {
    "deviation": byNumber("deviation", 1),
    "-deviation": byNumber("deviation", -1),
    "probability": byNumber("probability", 1),
    "-probability": byNumber("probability", -1),
    "name": byName,
  };

  function update() {
    const order = orders[field("sort").value];
    const result = field("result").value;
    const name = field("class").value;
    const run = field("run") ? field("run").value : null;
    let shown = 0, total = 0;
    for (const gallery of galleries) {
      gallery.hidden = run !== null && gallery.dataset.run !== run;
      gallery.classList.toggle("only-overlay", field("picture").value === "overlay");
      gallery.classList.toggle("only-input", field("picture").value === "input");
      for (const section of gallery.querySelectorAll(".class")) {
        const list = section.querySelector(".cards");
        const cards = [...list.children];
        cards.sort((a, b) => order(a, b) || byName(a, b));
        let visible = 0;
        for (const card of cards) {
          card.hidden = result !== "" && card.dataset.result !== result;
          visible += card.hidden ? 0 : 1;
          list.append(card);
        }
        section.hidden = (name !== "" && section.dataset.class !== name) || visible === 0;
        if (!gallery.hidden) {
          total += cards.length;
          shown += section.hidden ? 0 : visible;
        }
      }
    }
    field("status").textContent = `${shown} of the ${total} images on this page are shown.`;
  }

  controls.hidden = false;
  controls.addEventListener("change", update);
  controls.addEventListener("submit", (event) => event.preventDefault());
  update();
  // What is folded away belongs on paper.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
})();
