"use strict";
// Paging, sorting and filtering of the gallery, and the search of many classes. Without this
// script the page shows a selection of each class, from typical to deviant.
(() => {
  document.documentElement.classList.add("scripted");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  // The buttons of `element`'s pager over `pages` pages; `turn` is given the page to go to.
  function pager(element, page, pages, range, turn) {
    const [previous, next] = [element.querySelector(".previous"), element.querySelector(".next")];
    element.hidden = pages < 2;
    element.querySelector(".range").textContent = range;
    previous.disabled = page === 0;
    next.disabled = page + 1 >= pages;
    previous.onclick = () => turn(page - 1);
    next.onclick = () => turn(page + 1);
  }

  function gallery(controls) {
    const narrow = matchMedia("(max-width: 44rem)");
    const perPage = () => (narrow.matches ? 3 : 12);
    const perGroup = 6;
    const field = (id) => document.getElementById(id);
    const status = field("status");
    const galleries = [...document.querySelectorAll(".gallery")].map((element) => ({
      element,
      sections: [...element.querySelectorAll(".class")].map((section) => {
        const list = section.querySelector(".cards");
        // Cards of the template are no part of the document, so their pictures are not decoded.
        const first = [...list.children];
        const cards = [...first, ...section.querySelector("template").content.children];
        const caption = section.querySelector(".caption");
        const total = Number(section.dataset.total), wrong = Number(section.dataset.wrong);
        return {
          section, list, first, cards, caption, words: caption.textContent, page: 0,
          totals: { "": total, "correct": total - wrong, "wrong": wrong },
        };
      }),
    }));
    let group = 0;

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

    // How many of the evaluation's images of that result are on the page, in words.
    function counted(result, shown, total) {
      const text = fill(status.dataset[result || "all"], { shown, total });
      return shown < total ? `${text} ${status.dataset.rest}` : text;
    }

    function show(part, matching) {
      const size = perPage(), pages = Math.ceil(matching.length / size);
      part.page = Math.max(0, Math.min(part.page, pages - 1));
      const from = part.page * size, to = Math.min(from + size, matching.length);
      part.list.replaceChildren(...matching.slice(from, to));
      const range = fill(status.dataset.range, { from: from + 1, to, count: matching.length });
      pager(part.section.querySelector(".pager"), part.page, pages, range, (page) => {
        part.page = page;
        show(part, matching);
        part.section.scrollIntoView({ block: "start" });
      });
    }

    function update() {
      const order = orders[field("sort").value];
      const result = field("result").value;
      const name = field("class").value;
      const run = field("run") ? field("run").value : null;
      let shown = 0, total = 0;
      const parts = [];
      for (const { element, sections } of galleries) {
        element.hidden = run !== null && element.dataset.run !== run;
        element.classList.toggle("only-overlay", field("picture").value === "overlay");
        element.classList.toggle("only-input", field("picture").value === "input");
        for (const part of sections) {
          const chosen = !element.hidden && (name === "" || part.section.dataset.class === name);
          const matching = part.cards.filter((card) => result === "" || card.dataset.result === result);
          if (chosen) {
            shown += matching.length;
            total += part.totals[result];
          }
          part.section.hidden = true;
          if (!chosen || part.totals[result] === 0) continue;
          matching.sort((a, b) => order(a, b) || byName(a, b));
          part.caption.textContent = result === "" ? part.words : counted(result, matching.length, part.totals[result]);
          parts.push([part, matching]);
        }
      }
      const pages = Math.ceil(parts.length / perGroup);
      group = Math.max(0, Math.min(group, pages - 1));
      const from = group * perGroup, to = Math.min(from + perGroup, parts.length);
      for (const [part, matching] of parts.slice(from, to)) {
        part.section.hidden = false;
        show(part, matching);
      }
      const range = fill(status.dataset.classes, { from: from + 1, to, count: parts.length });
      pager(field("groups").querySelector(".pager"), group, pages, range, (page) => {
        group = page;
        update();
      });
      status.textContent = counted(result, shown, total);
    }

    // On paper stands what the page shows without this script.
    function paper() {
      for (const { element, sections } of galleries) {
        element.hidden = false;
        for (const part of sections) {
          part.section.hidden = false;
          part.caption.textContent = part.words;
          part.list.replaceChildren(...part.first);
        }
      }
    }

    controls.hidden = false;
    controls.addEventListener("change", () => {
      group = 0;
      for (const { sections } of galleries) for (const part of sections) part.page = 0;
      update();
    });
    controls.addEventListener("submit", (event) => event.preventDefault());
    narrow.addEventListener("change", update);
    addEventListener("beforeprint", paper);
    addEventListener("afterprint", update);
    update();
  }

  // A search over all classes of an evaluation, of which a few rows are shown.
  function search(element) {
    const most = 20;
    const [field, status, body] = ["input", "[role=status]", "tbody"].map((part) => element.querySelector(part));
    const classes = JSON.parse(element.querySelector("template").content.textContent);
    const labels = Array.from(element.querySelectorAll("thead th"), (head) => head.textContent);
    function update() {
      const words = field.value.trim().toLowerCase();
      const found = words === "" ? [] : classes.filter(([name]) => name.toLowerCase().includes(words));
      const rows = found.slice(0, most).map(([name, images, correct, share, squaredL2, l2, note]) => {
        const row = document.createElement("tr");
        row.role = "row";
        const head = document.createElement("th");
        head.role = "rowheader";
        head.scope = "row";
        head.textContent = name;
        row.append(head);
        for (const [text, small] of [[images], [correct], [share], [squaredL2, note], [l2, note]]) {
          const cell = document.createElement("td");
          cell.role = "cell";
          cell.dataset.label = labels[row.children.length];
          cell.className = "num";
          cell.textContent = text;
          if (small) {
            const caution = document.createElement("small");
            caution.className = "caution";
            caution.textContent = small;
            cell.append(caution);
          }
          row.append(cell);
        }
        return row;
      });
      body.replaceChildren(...rows);
      body.closest(".scroll").hidden = rows.length === 0;
      const counts = { found: found.length, total: classes.length, shown: rows.length };
      status.textContent = words === "" ? "" : fill(status.dataset.text, counts);
    }
    element.hidden = false;
    field.addEventListener("input", update);
    update();
  }

  const controls = document.getElementById("controls");
  if (controls) gallery(controls);
  document.querySelectorAll(".find").forEach(search);
  // What is folded away belongs on paper, but for long lists of settings and epochs.
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not(.long)").forEach((d) => { d.open = true; });
  });
})();
