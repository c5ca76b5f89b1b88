"use strict";
// Makes the tables sortable, by click and by keyboard; without it the page is the same, and stands still.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) continue;
  const heads = [...table.tHead.rows[0].cells];
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const read = (row, index) => {
    const cell = row.cells[index];
    const data = cell.querySelector("data");
    return data ? data.value : cell.textContent.trim();
  };
  heads.forEach((head, index) => {
    const isNumber = head.classList.contains("number");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const goes = now ? (now === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
      const sign = goes === "ascending" ? 1 : -1;
      const number = (row) => {
        const text = read(row, index);
        return text === "" || Number.isNaN(Number(text)) ? -Infinity : Number(text);
      };
      const compare = isNumber
        ? (one, other) => (number(one) === number(other) ? 0 : number(one) < number(other) ? -1 : 1)
        : (one, other) => order.compare(read(one, index), read(other, index));
      const rows = [...body.rows].sort((one, other) => sign * compare(one, other));
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", goes);
      body.append(...rows);
    });
  });
}
