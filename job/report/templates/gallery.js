"use strict";
// Shows single cases: one picture for each model, and the outlines of its mask at the step that is chosen.
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  const unique = (values) => [...new Set(values)];

  // One picture -------------------------------------------------------------------------------------------------------

  function mark([x, y, positive], number, radius) {
    const shape = positive
      ? draw("circle", { cx: x, cy: y, r: radius, class: "positive" })
      : draw("rect", { x: x - radius * 0.9, y: y - radius * 0.9, width: radius * 1.8, height: radius * 1.8, class: "negative" });
    const text = draw("text", { x, y: y + radius * 0.45, "font-size": radius * 1.3, "text-anchor": "middle" }, String(number));
    return draw("g", {}, shape, text);
  }

  function picture(item, step, words) {
    const { width, height } = item, radius = Math.max(width, height) * 0.027;
    const line = (className, d) => draw("path", { class: className, d, "fill-rule": "evenodd", "vector-effect": "non-scaling-stroke" });
    const parts = item.image
      ? [draw("image", { href: item.image, width, height, preserveAspectRatio: "none" })]
      : [line("ground", item.outlines[item.truth])];
    if (step) parts.push(line("mask", item.outlines[step.mask]));
    parts.push(line("truth", item.outlines[item.truth]));
    for (const [x0, y0, x1, y1] of step?.boxes ?? []) {
      parts.push(draw("rect", { class: "box", x: x0, y: y0, width: x1 - x0, height: y1 - y0, "vector-effect": "non-scaling-stroke" }));
    }
    (step?.clicks ?? []).forEach((click, index) => parts.push(mark(click, index + 1, radius)));
    return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words }, ...parts);
  }

  const named = (run) => `${run.model}, ${run.choice}`;
  const score = (step) => `IoU ${step.iou.toFixed(4)}${step.status === "ok" ? "" : ` (${step.status})`}`;

  function described(item, run, step) {
    const clicks = step.clicks ?? [], positive = clicks.filter((click) => click[2]).length;
    const boxes = step.boxes ? [`${step.boxes.length} ${step.boxes.length === 1 ? "box" : "boxes"}`] : [];
    const clicked = clicks.length ? [`${positive} positive and ${clicks.length - positive} negative clicks`] : [];
    const given = [...boxes, ...clicked].join(", ");
    return `${item.task}: truth, and the prediction of ${named(run)} after ${given}: ${score(step)}`;
  }

  // One case ----------------------------------------------------------------------------------------------------------

  function caseOf(item, number) {
    const ways = unique(item.runs.map((run) => run.way));
    const title = make("h3", { id: `case-${number}` }, `${item.task}, ${item.kind === "only" ? "its only object" : item.kind}`);
    const select = make("select", {}, ...ways.map((way) => make("option", {}, way)));
    const slider = make("input", { type: "range", "aria-label": "Click" });
    const earlier = make("button", { type: "button", "aria-label": "One click less" }, "◀");
    const later = make("button", { type: "button", "aria-label": "One click more" }, "▶");
    const at = make("output");
    const steps = make("span", { class: "steps" }, earlier, slider, later, at);
    const copy = make("button", { type: "button" }, "Copy the query");
    const copied = make("span", { role: "status", class: "faint" });
    const query = make("code", {}, item.query);
    const panels = make("div", { class: "panels" });
    const element = make("article", { class: "case", tabindex: "0", "aria-labelledby": title.id },
      title, make("p", { class: "faint" }, `${item.title}; ${item.facts}`),
      make("div", { class: "controls" }, make("label", {}, "Prompts ", select), steps),
      panels, make("p", { class: "controls" }, copy, copied, query));
    let model = "", step = Infinity;

    const runs = () => item.runs.filter((run) => run.way === select.value && (!model || run.model === model));
    const first = () => Math.min(1, ...runs().map((run) => run.first));
    const last = () => Math.max(1, ...runs().map((run) => run.first + run.steps.length - 1));

    function show() {
      const least = first(), most = last();
      step = Math.max(least, Math.min(step, most));
      slider.min = String(least);
      slider.max = String(most);
      slider.value = String(step);
      steps.hidden = most === least;
      earlier.disabled = step === least;
      later.disabled = step === most;
      at.textContent = step ? `click ${step} of ${most}` : "box";
      slider.setAttribute("aria-valuetext", [at.textContent, ...runs().map((run) => `${named(run)} ${score(stepOf(run))}`)].join("; "));
      const truth = make("figure", {}, picture(item, null, `${item.task}: truth`), make("figcaption", {}, "truth"));
      panels.replaceChildren(truth, ...runs().map((run) => {
        const chosen = stepOf(run);
        return make("figure", {}, picture(item, chosen, described(item, run, chosen)),
          make("figcaption", {}, make("b", {}, run.model), ` ${run.choice} `, make("br"), score(chosen)));
      }));
    }
    const stepOf = (run) => run.steps[Math.min(step - run.first, run.steps.length - 1)];
    function go(to) {
      step = to;
      show();
    }

    select.addEventListener("change", () => go(Infinity));
    slider.addEventListener("input", () => go(Number(slider.value)));
    earlier.addEventListener("click", () => go(step - 1));
    later.addEventListener("click", () => go(step + 1));
    element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || event.target === select || event.target === slider || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      go(step + by);
    });
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(item.query);
        copied.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(query);
        copied.textContent = "select it and copy";
      }
    });
    show();

    return {
      element,
      filter(wanted) {
        if (model !== wanted.model) {
          model = wanted.model;
          show();
        }
        const ends = item.runs.filter((run) => !model || run.model === model).map((run) => run.steps[run.steps.length - 1]);
        element.hidden = (wanted.task && item.task !== wanted.task) || (wanted.kind && item.kind !== wanted.kind)
          || !ends.some((end) => (!wanted.status || end.status === wanted.status) && end.iou >= wanted.low && end.iou <= wanted.high);
        return !element.hidden;
      },
    };
  }

  // All cases ---------------------------------------------------------------------------------------------------------

  function galleryOf(place) {
    const items = JSON.parse(place.querySelector("script[type='application/json']").textContent);
    const form = place.querySelector("[data-filters]"), count = place.querySelector("[data-count]");
    const cases = items.map(caseOf);
    const ends = items.flatMap((item) => item.runs.map((run) => run.steps[run.steps.length - 1].status));
    const options = {
      task: items.map((item) => item.task),
      kind: items.map((item) => item.kind),
      model: items.flatMap((item) => item.runs.map((run) => run.model)).sort(),
      status: ends.sort(),
    };
    for (const [name, values] of Object.entries(options)) {
      form.elements[name].append(...unique(values).map((value) => make("option", { value }, value)));
    }
    const bound = (name, otherwise) => (form.elements[name].value === "" ? otherwise : Number(form.elements[name].value));
    function filter() {
      const wanted = Object.fromEntries(Object.keys(options).map((name) => [name, form.elements[name].value]));
      Object.assign(wanted, { low: bound("low", 0), high: bound("high", 1) });
      const left = cases.filter((each) => each.filter(wanted)).length;
      count.textContent = `${left} of ${cases.length} ${cases.length === 1 ? "case" : "cases"}`;
    }
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    place.querySelector("[data-cases]").append(...cases.map((each) => each.element));
    filter();
  }

  document.querySelectorAll("[data-gallery]").forEach(galleryOf);
})();
