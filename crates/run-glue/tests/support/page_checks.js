// What a page must be like. Each function gives a list of what is wrong.

// Every number of `json` stands in an element of its own: all digits beside it, and rounded in its text.
function missingNumbers(json) {
  const wrong = [];
  const has = new Map();
  for (const element of document.querySelectorAll("[data-value]")) {
    const value = Number(element.dataset.value);
    const text = element.textContent.trim();
    if (element.dataset.value === "" || !shows(text, value)) wrong.push(`${element.dataset.value} is shown as ${text}`);
    else has.set(value, (has.get(value) ?? 0) + 1);
  }
  // Intervals go as far on the page as the scores of their column.
  const { columns = [], ...rest } = structuredClone(json);
  for (const { name, range } of columns) {
    for (const { tasks } of rest.models) {
      const interval = tasks[name]?.interval;
      if (interval && range) tasks[name].interval = interval.map((end) => Math.min(Math.max(end, range[0]), range[1] ?? Infinity));
    }
  }
  const wanted = new Map();
  const walk = (value, path) => {
    if (typeof value === "number") {
      const of = wanted.get(value) ?? { count: 0, path };
      wanted.set(value, { count: of.count + 1, path });
    } else if (value && typeof value === "object") {
      for (const [key, part] of Object.entries(value)) walk(part, `${path}/${key}`);
    }
  };
  walk(rest, "");
  for (const [value, { count, path }] of wanted) {
    if ((has.get(value) ?? 0) < count) wrong.push(`${path}: ${value} stands ${has.get(value) ?? 0} of ${count} times`);
  }
  if (wanted.size < 20) wrong.push(`only ${wanted.size} numbers were looked for`);
  return wrong;
}

// As itself, in percent or in millions, rounded at its last digit, with two digits at least where it has them.
function shows(text, value) {
  if (!/^[+-]?\d+(\.\d+)?(e-?\d+)?$/.test(text)) return false;
  const [digits, power] = text.split("e");
  const unit = 10 ** (Number(power ?? 0) - (digits.split(".")[1] ?? "").length);
  const isExact = Number(text) === value;
  const significant = digits.replace(/^[+-]?[0.]*/, "").replace(".", "").length;
  const isFine = significant >= 2 || unit <= 0.01;
  return isExact || (isFine && [1, 100, 1e-6].some((scale) => Math.abs(Number(text) - value * scale) <= unit * 0.5000001));
}

// Nothing is wider than the window.
function overflow() {
  const page = document.scrollingElement;
  if (page.scrollWidth <= window.innerWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter(
    (element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest(".scroll"),
  );
  return [`the page is ${page.scrollWidth} wide in ${window.innerWidth}: ${wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 80))}`];
}

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const known = new Map();
function rgba(colour) {
  if (!known.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(colour, [r, g, b, a / 255]);
  }
  return known.get(colour);
}

function behind(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const layer = rgba(getComputedStyle(at).backgroundColor);
    layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reverse().reduce((below, [r, g, b, a]) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a)), [255, 255, 255]);
}

// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
function luminance(colour) {
  const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Every text stands out from what lies behind it by 4.5 to 1.
function faintTexts() {
  const wrong = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, title, desc")) continue;
    count += 1;
    const style = getComputedStyle(element);
    const text = rgba(element.closest("svg") ? style.fill : style.color);
    const ground = behind(element);
    const [light, dark] = [luminance(text.slice(0, 3)), luminance(ground)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (text[3] < 1 || contrast < 4.5) wrong.add(`${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 100)}`);
  }
  if (count < 50) wrong.add(`only ${count} texts were looked at`);
  return [...wrong];
}

// Words of a chart lie inside it and not on each other.
function crampedCharts() {
  const wrong = [];
  const charts = [...document.querySelectorAll("svg.chart")];
  if (!charts.length) wrong.push("there are no charts");
  for (const chart of charts) {
    const frame = chart.getBoundingClientRect();
    const words = [...chart.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    words.forEach(([text, box], at) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) {
        wrong.push(`${chart.querySelector("title").textContent}: ${text} is outside`);
      }
      for (const [other, of] of words.slice(at + 1)) {
        const across = Math.min(box.right, of.right) - Math.max(box.left, of.left);
        const down = Math.min(box.bottom, of.bottom) - Math.max(box.top, of.top);
        if (across > 1 && down > 3) wrong.push(`${chart.querySelector("title").textContent}: ${text} on ${other}`);
      }
    });
  }
  return wrong;
}

// Names that refer to something, ids that stand once, regions that the keyboard reaches, headers that say of what.
function unreachable() {
  const wrong = [];
  const ids = new Set();
  for (const { id } of document.querySelectorAll("[id]")) ids.has(id) ? wrong.push(`two of ${id}`) : ids.add(id);
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    for (const id of element.getAttribute("aria-labelledby").split(" ")) if (!ids.has(id)) wrong.push(`no ${id}`);
  }
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!ids.has(link.hash.slice(1))) wrong.push(`nothing at ${link.hash}`);
  }
  for (const region of document.querySelectorAll(".scroll")) {
    if (region.tabIndex !== 0 || !region.getAttribute("aria-label")) wrong.push("a region without name or focus");
  }
  for (const head of document.querySelectorAll("th")) if (!head.scope) wrong.push(head.outerHTML);
  for (const chart of document.querySelectorAll("svg.chart")) {
    if (!chart.closest("figure").querySelector("details table")) wrong.push("a chart without its numbers");
  }
  return wrong;
}

// Where columns of a table lie beyond its frame, a text above it says how many; nowhere else.
function hiddenColumns() {
  const wrong = [];
  for (const region of document.querySelectorAll(".scroll")) {
    // What is closed is not seen.
    if (!region.checkVisibility()) continue;
    const hint = region.previousElementSibling;
    const isSaid = hint?.matches(".hint") && hint.checkVisibility();
    const edge = region.getBoundingClientRect().right + 1;
    const beyond = [...region.querySelectorAll("thead th")].filter((head) => head.getBoundingClientRect().right > edge).length;
    const label = region.getAttribute("aria-label");
    if (beyond && !(isSaid && hint.textContent.includes(`${beyond} more`))) wrong.push(`${label}: ${beyond} columns are out of sight`);
    if (isSaid && region.scrollWidth <= region.clientWidth) wrong.push(`${label}: nothing is out of sight`);
    if (isSaid && hint.getBoundingClientRect().right > window.innerWidth) wrong.push(`${label}: the hint is out of sight`);
  }
  return wrong;
}

// Every heading of a part, and every chart's, is a link to itself.
function headings() {
  const wrong = [];
  const all = [...document.querySelectorAll("h2, figcaption")];
  if (all.length < 10) wrong.push(`only ${all.length} headings`);
  for (const heading of all) {
    const link = heading.querySelector("a[href^='#']");
    if (!link || !document.getElementById(link.hash.slice(1))?.contains(heading)) wrong.push(heading.textContent);
  }
  return wrong;
}

// The verdict and the scores come before everything else, the verdict on the first screen.
function verdictFirst() {
  const verdict = document.querySelector("header .verdict");
  if (!verdict) return ["there is no verdict"];
  const wrong = [];
  if (verdict.getBoundingClientRect().bottom > window.innerHeight) wrong.push("the verdict is below the first screen");
  const parts = [...document.querySelectorAll("main section")].map((part) => part.id).slice(0, 2);
  if (parts.join() !== "scores,basis") wrong.push(`the first parts are ${parts}`);
  return wrong;
}
