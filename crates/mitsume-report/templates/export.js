"use strict";
// Saves figures as SVG and PNG and tables as CSV and LaTeX: buttons below every figure and
// table of the page. The same rules as in src/export, which writes the same files without a
// browser.
(() => {
  const words = document.getElementById("export-words").dataset;
  // As the browser says it: the page holds no address, not even a name that looks like one.
  const NS = new DOMParser().parseFromString("<svg/>", "text/html").querySelector("svg").namespaceURI;
  // Millimetres of a unit: the charts' letters of 13 units become 7.4 pt.
  const MM = 0.2;
  const FONT = "Helvetica, Arial, 'Noto Sans', 'Noto Sans JP', sans-serif";
  const TEXT = 13, TITLE = 16, MARGIN = 12, PICTURE = 200;

  const plain = (text) => text.replace(/[\s\u00a0\u202f]+/g, " ").trim();

  // What stands in a cell or heading: without what is only to be seen, pictures by their text.
  function textOf(node, without) {
    const copy = node.cloneNode(true);
    copy.querySelectorAll(`[aria-hidden="true"], .flag, ${without}`).forEach((part) => part.remove());
    copy.querySelectorAll("br").forEach((line) => line.replaceWith(" "));
    copy.querySelectorAll("img").forEach((picture) => picture.replaceWith(picture.alt));
    return plain(copy.textContent);
  }

  function titleOf(element) {
    if (element.matches("figure")) {
      const caption = element.querySelector("figcaption");
      if (element.dataset.title) return element.dataset.title;
      return caption ? textOf(caption.querySelector("b") ?? caption, "script") : document.title;
    }
    const region = element.closest("[role=region][aria-label]");
    if (region) return plain(region.getAttribute("aria-label"));
    const headings = [...document.querySelectorAll("h1, h2, h3, h4")];
    const above = headings.filter((h) => h.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
    return above.length ? textOf(above[above.length - 1], "script") : document.title;
  }

  const fileName = (title) => title.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 100) || "mitsume";

  function save(parts, type, name) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  // Figures.

  // The page's colours of its light scheme, whatever scheme is shown.
  function lightColours(stage) {
    for (const sheet of document.styleSheets) {
      for (const rule of sheet.cssRules) {
        if (rule.selectorText !== ":root") continue;
        for (const name of rule.style) {
          if (name.startsWith("--")) stage.style.setProperty(name, rule.style.getPropertyValue(name));
        }
        stage.style.colorScheme = "light";
        return;
      }
    }
  }

  // rgb(0, 114, 178) as #0072b2, which every program reads.
  function hex(colour) {
    const found = colour.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
    return found ? "#" + found.slice(1).map((n) => Number(n).toString(16).padStart(2, "0")).join("") : colour;
  }

  const SHAPES = new Set(["path", "circle", "rect", "line", "text", "polyline", "polygon", "ellipse"]);

  // An element of a drawing with its look as attributes, without style sheet.
  function copied(node) {
    const out = document.createElementNS(NS, node.localName);
    for (const { name, value } of node.attributes) {
      if (name !== "class" && name !== "style") out.setAttribute(name, value);
    }
    const look = getComputedStyle(node);
    const set = (name, value, usual) => { if (value !== usual) out.setAttribute(name, value); };
    set("opacity", look.opacity, "1");
    if (SHAPES.has(node.localName)) {
      out.setAttribute("fill", hex(look.fill));
      if (look.stroke !== "none" && node.localName !== "text") {
        out.setAttribute("stroke", hex(look.stroke));
        out.setAttribute("stroke-width", parseFloat(look.strokeWidth));
        set("stroke-dasharray", look.strokeDasharray.replace(/px/g, ""), "none");
        set("stroke-linejoin", look.strokeLinejoin, "miter");
      }
      if (node.localName === "text") {
        out.setAttribute("font-size", parseFloat(look.fontSize));
        set("font-weight", look.fontWeight, "400");
      }
    }
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) out.append(child.data);
      else if (child.nodeType === Node.ELEMENT_NODE) out.append(copied(child));
    }
    return out;
  }

  const pen = document.createElement("canvas").getContext("2d");

  function widthOf(text, size, weight) {
    pen.font = `${weight} ${size}px ${FONT}`;
    return pen.measureText(text).width;
  }

  // Lines no wider than `width`; between words where there are any.
  function lines(text, width, size, weight) {
    const found = [];
    let line = "";
    for (const word of text.split(/(?<= )|(?<=[\u3000-\u9fff\uff00-\uffef])/)) {
      if (line && widthOf(line + word.trimEnd(), size, weight) > width) {
        found.push(line.trimEnd());
        line = "";
      }
      line += word;
    }
    return [...found, line.trimEnd()];
  }

  function element(name, attributes, content) {
    const out = document.createElementNS(NS, name);
    for (const key of Object.keys(attributes)) out.setAttribute(key, attributes[key]);
    if (content !== undefined) out.textContent = content;
    return out;
  }

  // The figure as the text of an SVG file, with its size in units.
  function drawing(figure) {
    const stage = document.createElement("div");
    stage.style.cssText = "position: absolute; left: -10000px; width: 700px; color: var(--ink);";
    lightColours(stage);
    stage.append(figure.cloneNode(true));
    document.body.append(stage);
    const shown = stage.firstChild;
    const svg = shown.querySelector(":scope > svg");
    const pictures = [...shown.querySelectorAll("img")];
    const ink = hex(getComputedStyle(shown).color);
    const box = svg ? svg.viewBox.baseVal : { width: Math.max(2, pictures.length) * (PICTURE + MARGIN) + MARGIN, height: PICTURE };
    const width = box.width;
    const out = element("svg", { xmlns: NS, "font-family": FONT });
    out.append(element("title", {}, titleOf(figure)));
    if (svg?.getAttribute("aria-label")) out.append(element("desc", {}, svg.getAttribute("aria-label")));
    const ground = element("rect", { fill: "#ffffff" });
    out.append(ground);
    let y = 8;
    const write = (text, size, weight) => {
      for (const line of lines(text, width - 2 * MARGIN, size, weight)) {
        y += size * 1.25;
        out.append(element("text", { x: MARGIN, y: y - size * 0.25, "font-size": size, "font-weight": weight, fill: ink }, line));
      }
    };
    write(titleOf(figure), TITLE, 600);
    y += 4;
    if (svg) {
      const body = element("g", { transform: `translate(${-box.x || 0} ${y - box.y})` });
      for (const child of svg.children) body.append(copied(child));
      out.append(body);
    }
    pictures.forEach((picture, index) => {
      const at = { x: MARGIN + index * (PICTURE + MARGIN), y, width: PICTURE, height: PICTURE, href: picture.src };
      const drawn = element("image", at);
      drawn.append(element("title", {}, picture.alt));
      out.append(drawn);
    });
    y += box.height;
    let x = MARGIN;
    for (const item of shown.querySelectorAll(".legend > li")) {
      const swatch = item.querySelector("svg"), label = textOf(item, "svg");
      const size = swatch.viewBox.baseVal;
      const needed = size.width + 8 + widthOf(label, TEXT, 400) + 16;
      if (x > MARGIN && x + needed > width) { x = MARGIN; y += 20; }
      const group = element("g", { transform: `translate(${x.toFixed(1)} ${(y + 10 - size.height / 2).toFixed(1)})` });
      for (const child of swatch.children) group.append(copied(child));
      out.append(group, element("text", { x: (x + size.width + 6).toFixed(1), y: y + 14, "font-size": TEXT, fill: ink }, label));
      x += needed;
    }
    if (x > MARGIN) y += 20;
    if (!svg) write(textOf(shown.querySelector("figcaption"), "b"), TEXT, 400);
    const height = Math.ceil(y + 8);
    stage.remove();
    ground.setAttribute("width", width);
    ground.setAttribute("height", height);
    out.setAttribute("viewBox", `0 0 ${width} ${height}`);
    out.setAttribute("width", `${(width * MM).toFixed(1)}mm`);
    out.setAttribute("height", `${(height * MM).toFixed(1)}mm`);
    return { text: new XMLSerializer().serializeToString(out) + "\n", width, height };
  }

  function savePng(figure, pixels) {
    const { text, width, height } = drawing(figure);
    const picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = pixels;
      canvas.height = Math.round(pixels * height / width);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((png) => save([png], "image/png", `${fileName(titleOf(figure))}.png`), "image/png");
    };
    // In pixels, because a picture's own size would otherwise bound its detail.
    const sized = text.replace(/width="[^"]*mm" height="[^"]*mm"/, `width="${pixels}" height="${Math.round(pixels * height / width)}"`);
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(sized);
  }

  // Tables.

  // Rows of { text, best }; small print below a figure in a column of its own.
  function grid(table) {
    const cell = (td) => ({ text: textOf(td, "small"), small: plain(td.querySelector("small")?.textContent ?? ""), best: td.classList.contains("best") });
    const of = (part) => [...table.querySelectorAll(`${part} tr`)].map((tr) => [...tr.cells].map(cell));
    const [head, body] = [of("thead"), of("tbody")];
    const columns = Math.max(0, ...head.concat(body).map((row) => row.length));
    const split = [...Array(columns).keys()].map((i) => body.some((row) => row[i]?.small));
    const spread = (row, note) => row.flatMap((c, i) => (split[i] ? [c, { text: note(c), best: false }] : [c]));
    return {
      head: head.map((row) => spread(row, (c) => words.note.replace("{column}", c.text))),
      body: body.map((row) => spread(row, (c) => c.small)),
    };
  }

  // A number with a sign, an exponent or a per cent sign, or nothing.
  const NUMBER = /^[+-]?\d[\d.]*(e[+-]?\d+)?( ?%)?$/;

  // Numbers as programs read them: no spaces in them, the ordinary minus, nothing for a dash.
  function bare(text) {
    const ascii = text.replace(/\u2212/g, "-");
    const joined = ascii.replace(/(?<=\d) (?=\d{3}(?!\d))/g, "");
    if (NUMBER.test(joined)) return joined;
    return text === "–" ? "" : ascii;
  }

  // RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe.
  function csvField(text) {
    const value = bare(text);
    const safe = /^[=+\-@\t\r＝＋－＠]/.test(value) && !NUMBER.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  }

  const csv = ({ head, body }) => head.concat(body).map((row) => row.map((c) => csvField(c.text)).join(",") + "\r\n").join("");

  const LATEX = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "_": "\\_", "%": "\\%",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", '"': "''",
    "−": "$-$", "–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''", "×": "$\\times$", "±": "$\\pm$",
    "≤": "$\\leq$", "≥": "$\\geq$", "↓": "$\\downarrow$", "↑": "$\\uparrow$", "→": "$\\rightarrow$",
  };

  const latexText = (text) => text.replace(/./gsu, (c) => LATEX[c] ?? c);

  function latexCell(cell) {
    const text = latexText(NUMBER.test(bare(cell.text)) ? bare(cell.text).replace(/^-/, "−") : cell.text);
    // A line that begins with a bracket would be an option of the line break before it.
    const shielded = /^[[*]/.test(text) ? `{}${text}` : text;
    return cell.best ? `\\textbf{${shielded}}` : shielded;
  }

  function latex({ head, body }, title) {
    const columns = Math.max(0, ...head.concat(body).map((row) => row.length));
    const numeric = (i) => body.length > 0 && body.every((row) => !row[i] || bare(row[i].text) === "" || NUMBER.test(bare(row[i].text)));
    const places = [...Array(columns).keys()].map((i) => (numeric(i) ? "r" : "l")).join("");
    const line = (row) => `  ${row.map(latexCell).join(" & ")} \\\\\n`;
    return `% ${title}\n% \\usepackage{booktabs}\n\\begin{tabular}{${places}}\n  \\toprule\n${head.map(line).join("")}`
      + `  \\midrule\n${body.map(line).join("")}  \\bottomrule\n\\end{tabular}\n`;
  }

  function saveCsv(table) {
    const text = csv(grid(table));
    // Spreadsheets take a file without this mark for one in their own character set.
    const mark = /[^\x00-\x7f]/.test(text) ? "\ufeff" : "";
    save([mark, text], "text/csv", `${fileName(titleOf(table))}.csv`);
  }

  const saveLatex = (table) => save([latex(grid(table), titleOf(table))], "application/x-tex", `${fileName(titleOf(table))}.tex`);

  // Buttons.

  function button(format, title, act) {
    const out = document.createElement("button");
    out.type = "button";
    out.textContent = format;
    out.setAttribute("aria-label", words.saveAs.replace("{title}", title).replace("{format}", format));
    out.addEventListener("click", act);
    return out;
  }

  function bar(title, parts) {
    const out = document.createElement("details");
    out.className = "export";
    const summary = document.createElement("summary");
    summary.textContent = words.save;
    summary.setAttribute("aria-label", words.saveTitle.replace("{title}", title));
    const list = document.createElement("div");
    list.append(...parts);
    out.append(summary, list);
    return out;
  }

  function pixelsField(figure) {
    const label = document.createElement("label");
    const field = document.createElement("input");
    const units = figure.querySelector(":scope > svg")?.viewBox.baseVal.width ?? 436;
    Object.assign(field, { type: "number", min: 100, max: 8000, step: 1, value: 2 * units });
    label.append(words.width, " ", field);
    return { label, pixels: () => Math.min(8000, Math.max(100, Math.round(field.valueAsNumber) || 2 * units)) };
  }

  for (const figure of document.querySelectorAll("figure")) {
    if (!figure.querySelector("svg, img")) continue;
    const title = titleOf(figure);
    const { label, pixels } = pixelsField(figure);
    const svg = button("SVG", title, () => save([drawing(figure).text], "image/svg+xml", `${fileName(title)}.svg`));
    figure.append(bar(title, [svg, button("PNG", title, () => savePng(figure, pixels())), label]));
  }
  for (const table of document.querySelectorAll("table")) {
    const title = titleOf(table);
    const buttons = [button("CSV", title, () => saveCsv(table)), button("LaTeX", title, () => saveLatex(table))];
    (table.closest(".scroll") ?? table).after(bar(title, buttons));
  }
})();
