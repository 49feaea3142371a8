// Tables sort by the column whose heading is clicked: numbers by size, the rest by alphabet.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  if (body.rows.length < 3) continue;
  headings.forEach((heading, column) => {
    heading.classList.add("sortable");
    heading.tabIndex = 0;
    const sort = () => {
      const falling = heading.getAttribute("aria-sort") === "ascending" ||
        (heading.classList.contains("number") && !heading.hasAttribute("aria-sort"));
      headings.forEach(other => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const key = row => row.cells[column].textContent.trim();
      const number = text => parseFloat(text.replace(/,/g, ""));
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const [p, q] = [number(x), number(y)];
        if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1;
        const order = Number.isNaN(p) ? x.localeCompare(y) : p - q;
        return falling ? -order : order;
      });
      body.append(...rows);
    };
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
  });
}
