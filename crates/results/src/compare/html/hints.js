// Says how many columns of a table lie beyond the window, at either side.
for (const region of document.querySelectorAll(".scroll")) {
  const hint = region.previousElementSibling;
  const heads = [...region.querySelectorAll("thead th")];
  if (!hint?.matches(".hint") || !heads.length) continue;
  const update = () => {
    if (!region.clientWidth) return;
    const frame = region.getBoundingClientRect();
    // The first column stays where it is, and covers others.
    const start = heads[0].getBoundingClientRect().right;
    const rest = heads.slice(1).map((head) => head.getBoundingClientRect());
    const right = rest.filter((box) => box.right > frame.right + 1).length;
    const left = rest.filter((box) => box.left < start - 1).length;
    const words = [];
    if (left) words.push(`← ${left} more`);
    if (right) words.push(`${right} more ${right === 1 ? "column" : "columns"} →`);
    region.classList.toggle("more", right > 0);
    hint.hidden = region.scrollWidth <= region.clientWidth + 1;
    hint.classList.toggle("on", !hint.hidden);
    hint.textContent = words.join(" · ");
  };
  region.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(region);
  update();
}
