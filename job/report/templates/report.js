"use strict";
// Draws the figures and tables of the page from the rows that stand in it. Nothing is computed here but order and choice.
(() => {
  const MOST_SHOWN = 200;
  const look = JSON.parse(document.getElementById("look").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const printing = matchMedia("print");

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // Tables ------------------------------------------------------------------------------------------------------------

  const shown = (value, column) =>
    value === null ? "" : column.kind === "real" ? value.toFixed(4) : String(value);

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  }

  // A spreadsheet takes text that begins like this for a formula; an apostrophe makes it text.
  const FORMULA = /^[=+\-@\t\r]/;

  function cell(value) {
    if (value === null) return "";
    if (typeof value === "number") return String(value);
    const text = String(value);
    return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  }

  function save(name, columns, rows) {
    const lines = [columns.map((column) => cell(column.name)), ...rows.map((row) => columns.map((c) => cell(row[c.at])))];
    const file = new Blob([lines.map((line) => line.join(",")).join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" });
    download(URL.createObjectURL(file), `${name}.csv`);
  }

  function download(address, name) {
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function tableOf(place, name, title, allColumns) {
    const columns = allColumns.map((column, at) => ({ ...column, at })).filter((column) => !column.hidden);
    let rows = [], by = null, direction = 1, limit = MOST_SHOWN;
    const filter = make("input", { type: "search" });
    const saving = make("button", { type: "button" }, "Save as CSV");
    const all = make("button", { type: "button" });
    const status = make("span", { role: "status", class: "faint" });
    const heads = columns.map((column) => {
      const button = make("button", { type: "button" }, column.title);
      const head = make("th", { scope: "col", "aria-sort": "none", class: column.kind === "text" ? "" : "number" }, button);
      button.addEventListener("click", () => sort(column));
      return head;
    });
    const body = make("tbody");
    const table = make("table", { "aria-label": title }, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: rows` }, table);
    place.append(make("div", { class: "controls" }, make("label", {}, "Filter", filter), saving, status), scroll, all);

    function sort(column) {
      direction = by === column ? -direction : 1;
      by = column;
      draw();
    }
    function visible() {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = rows.filter((row) => {
        const text = columns.map((column) => shown(row[column.at], column)).join("\t").toLowerCase();
        return words.every((word) => text.includes(word));
      });
      if (by !== null) {
        kept.sort((a, b) => {
          const [one, other] = [a[by.at], b[by.at]];
          return one === null || other === null ? compare(one, other) : direction * compare(one, other);
        });
      }
      return kept;
    }
    function draw() {
      const kept = visible();
      heads.forEach((head, index) => {
        head.setAttribute("aria-sort", columns[index] !== by ? "none" : direction > 0 ? "ascending" : "descending");
      });
      body.replaceChildren(...kept.slice(0, limit).map((row) => make("tr", {}, ...columns.map((column) =>
        make("td", column.kind === "text" ? {} : { class: "number" }, shown(row[column.at], column))))));
      status.textContent = `${kept.length} of ${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
      all.textContent = `Show all ${kept.length} rows`;
      all.hidden = kept.length <= limit;
    }
    filter.addEventListener("input", draw);
    saving.addEventListener("click", () => save(name, columns, visible()));
    all.addEventListener("click", () => { limit = Infinity; draw(); });
    return (given) => { rows = given; draw(); };
  }

  // Figures -----------------------------------------------------------------------------------------------------------

  function choosersOf(place, data, changed) {
    const index = Object.fromEntries(data.columns.map((column, at) => [column.name, at]));
    const selects = data.choose.map((name) => {
      const select = make("select");
      const title = data.columns[index[name]].title;
      const values = new Set(data.rows.map((row) => row[index[name]]));
      if (values.size > 1) place.append(make("label", {}, title, select));
      else place.append(make("span", {}, `${title}: ${[...values][0]}`));
      select.addEventListener("change", changed);
      return { at: index[name], select, start: data.start[name] };
    });
    let isFirst = true;
    // Each choice is among the values that the choices before it leave.
    return () => {
      const rows = selects.reduce(narrowed, data.rows);
      isFirst = false;
      return rows;
    };
    function narrowed(rows, { at, select, start }) {
      const values = [...new Set(rows.map((row) => row[at]))];
      const wanted = isFirst ? String(start) : select.value;
      select.replaceChildren(...values.map((value) => make("option", { value: String(value) }, String(value))));
      if (values.map(String).includes(wanted)) select.value = wanted;
      return rows.filter((row) => String(row[at]) === select.value);
    }
  }

  const different = (rows, name) => new Set(rows.map((row) => row[name])).size;

  // What hovering tells: names and values, without those that a row lacks. `plain` makes text of both.
  const told = (values, plain) => `<table>${Object.entries(values).filter(([, value]) => value !== null && value !== "null").map(
    ([name, value]) => `<tr><td class="key">${plain(name)}</td><td class="value">${plain(value)}</td></tr>`).join("")}</table>`;

  function sized(chart, width, rows) {
    const spec = structuredClone(chart);
    const { by, beside, step } = chart.usermeta ?? {};
    if (by) spec.height = different(rows, by) * (step * (beside ? different(rows, beside) : 1) + (beside ? 8 : 0));
    if (spec.facet) {
      spec.columns = Math.max(1, Math.min(4, Math.floor(width / 250), different(rows, spec.facet.field)));
      spec.spec.width = Math.floor(width / spec.columns) - 62;
      spec.facet.header = { labelLimit: spec.spec.width }; // a long name would push the panels apart
    } else {
      spec.width = width;
      spec.autosize = { type: "fit-x", contains: "padding" };
    }
    return spec;
  }

  function config(width) {
    const theme = look[dark.matches && !printing.matches ? "dark" : "light"];
    const narrow = width < 560;
    return {
      ...theme,
      aria: false,
      axis: { ...theme.axis, labelLimit: Math.max(80, width * 0.38) },
      legend: { ...theme.legend, ...(narrow ? { columns: 1, labelLimit: width * 0.8, layout: { top: { direction: "vertical", anchor: "start" } } } : {}) },
    };
  }

  function figureOf(element) {
    const data = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    const chart = element.querySelector("[data-chart]");
    const details = element.querySelector("details");
    let table = null, view = null, width = 0, turn = Promise.resolve();
    const controls = element.querySelector("[data-choosers]");
    const choice = choosersOf(controls, data, () => draw());

    function objects(rows) {
      return rows.map((row) => Object.fromEntries(data.columns.map((column, at) => [column.name, row[at]])));
    }
    async function embed(rows) {
      width = chart.clientWidth || 300; // 0 where the page is not shown
      const values = objects(rows);
      const spec = { ...sized(data.chart, width, values), datasets: { rows: values } };
      const made = await vegaEmbed(chart, spec, {
        mode: "vega-lite", renderer: "svg", ast: true, config: config(width), hover: false,
        tooltip: { theme: dark.matches ? "dark" : "light", formatTooltip: told },
        actions: false,
      });
      chart.querySelector("svg").setAttribute("aria-hidden", "true"); // its description and its table say it in words
      if (view) view.finalize();
      view = made.view;
      element.dataset.drawn = String(rows.length);
    }
    for (const kind of ["svg", "png"]) {
      const button = make("button", { type: "button", class: "saving" }, `Save as ${kind.toUpperCase()}`);
      button.addEventListener("click", async () => download(await view.toImageURL(kind, 2), `${data.name}.${kind}`));
      controls.append(button);
    }
    function list(rows) {
      if (!details.open) return;
      table ??= tableOf(details.querySelector("[data-rows]"), data.name, data.title, data.columns);
      table(rows);
    }
    function draw() {
      const rows = choice();
      list(rows);
      turn = turn.then(() => embed(rows));
      return turn;
    }
    details.addEventListener("toggle", () => list(choice()));
    new ResizeObserver(() => { if (Math.abs(chart.clientWidth - width) > 8) draw(); }).observe(chart);
    dark.addEventListener("change", draw);
    printing.addEventListener("change", draw);
    return draw();
  }

  for (const element of document.querySelectorAll("[data-listing]")) {
    const data = JSON.parse(element.querySelector("script[type='application/json']").textContent);
    const fill = () => tableOf(element.querySelector("[data-rows]"), data.name, data.title, data.columns)(data.rows);
    const details = element.querySelector("details");
    if (details) details.addEventListener("toggle", fill, { once: true });
    else fill();
  }
  const figures = [...document.querySelectorAll("[data-figure]")].map(figureOf);
  Promise.all(figures).then(() => { document.documentElement.dataset.drawn = "all"; });
})();
