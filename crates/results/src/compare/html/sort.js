for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, at) => {
    const cell = row.cells[at];
    const of = cell.matches("[data-value]") ? cell : cell.querySelector("[data-value]");
    return of ? Number(of.dataset.value) : cell.textContent.trim();
  };
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const body of table.tBodies) {
        const rows = [...body.rows].filter((row) => row.cells.length === heads.length);
        const keyed = rows.map((row) => [key(row, at), row]);
        keyed.sort(([a], [b]) => {
          const numbers = typeof a === "number" && typeof b === "number";
          if (!numbers && typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
          const order = numbers ? a - b : a.localeCompare(b);
          return down ? -order : order;
        });
        body.append(...keyed.map(([, row]) => row));
      }
    });
  });
}
document.addEventListener("pointerover", (event) => {
  const of = event.target.closest("[data-value]");
  if (of && !of.title) of.title = of.dataset.value;
});
