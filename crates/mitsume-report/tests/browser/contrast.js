// Text whose contrast with what is behind it is below WCAG AA, and how much text was checked.
const parse = (text) => {
  const numbers = text.match(/-?[\d.]+(e-?\d+)?%?/g).map((n) => (n.endsWith("%") ? parseFloat(n) / 100 : parseFloat(n)));
  const scale = text.startsWith("color(") ? 255 : 1;
  const [r, g, b, a] = numbers;
  return [r * scale, g * scale, b * scale, a === undefined ? 1 : a];
};
const over = (top, below) => {
  const a = top[3];
  return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)).concat(1);
};
const luminance = (colour) => {
  const [r, g, b] = colour.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((below, layer) => over(layer, below), parse(getComputedStyle(document.documentElement).backgroundColor));
};
const bad = [];
let checked = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || ["SCRIPT", "STYLE", "TITLE", "title"].includes(element.tagName)) continue;
  if (!element.checkVisibility()) continue;
  const style = getComputedStyle(element);
  const ground = behind(element);
  const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), ground);
  const [x, y] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
  const contrast = (x + 0.05) / (y + 0.05);
  checked += 1;
  if (contrast < 4.5) bad.push(`${contrast.toFixed(2)} ${element.tagName}.${element.className.baseVal ?? element.className} "${walker.currentNode.textContent.trim().slice(0, 40)}"`);
}
return {bad: [...new Set(bad)], checked};
