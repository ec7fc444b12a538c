// The frame of every chart over time: axes, grid, one band per bucket that can be hovered, focused
// with the arrow keys and followed into the log. Drawn in real pixels, anew when the width changes.

import { h, s } from "../dom.js";
import { axisTime, calendar } from "../format.js";
import { go } from "../router.js";

const MARGIN = { top: 8, right: 8, bottom: 20, left: 46 };
const HOUR = 3_600_000;

/** Round steps for about `wanted` lines from 0 to `highest`. */
export function ticks(highest, wanted = 4, whole = false) {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = power * ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10);
  const step = whole ? Math.max(1, Math.ceil(round)) : round;
  const list = [];
  for (let value = 0; value < highest + step * 0.999; value += step) list.push(Number(value.toPrecision(12)));
  return list;
}

/** Which edges bear a label, in the viewer's zone: `[index, text]`. */
export function timeTicks(edges, room) {
  const step = edges[1] - edges[0];
  const every = step * Math.ceil((edges.length - 1) / Math.max(1, room));
  const days = Math.ceil(every / (24 * HOUR));
  const hours = [1, 2, 3, 6, 12, 24].find((one) => one * HOUR >= every) ?? 24;
  let day = -1;
  let last = null;
  return edges.slice(0, -1).flatMap((at, i) => {
    const date = calendar(at);
    const key = `${date.month}-${date.day}`;
    if (key !== last) { last = key; day += 1; }
    const shown = step >= 23 * HOUR || hours >= 24 ? (step >= 23 * HOUR || date.hour === 0) && day % days === 0 : date.hour % hours === 0;
    return shown ? [[i, axisTime(at, step >= 23 * HOUR || hours >= 24 ? 24 * HOUR : step)]] : [];
  });
}

/**
 * The chart. `edges` bound the buckets; `highest` scales the values; `draw(plot)` returns SVG nodes,
 * with `plot = {x(at), y(value), width, height, left, top, band(i)}`; `describe(i)` returns
 * `{title, lines, none}` for the tip (`none`: nothing to lead to); `href(i)` is where a band leads. `bands` are hatched time ranges.
 */
export function timeChart({ label, edges, highest, height = 190, format, draw, describe, href, gaps = [], empty, axis = true, whole = false, yTicks, top: fixed }) {
  const tip = h("div", { class: "tip", hidden: true });
  const svg = s("svg", { role: "group", "aria-label": label, height });
  const figure = h("figure", { class: "chart" }, svg, tip);
  const margin = axis ? MARGIN : { top: 2, right: 0, bottom: 0, left: 0 };
  let bands = [];
  let drawn = 0;

  const show = (i, band) => {
    const { title, lines } = describe(i);
    tip.replaceChildren(h("b", {}, title), ...lines.map(([text, value, kind]) => h("span", {}, kind && h("i", { dataset: { kind } }), text, h("b", {}, value))));
    tip.hidden = false;
    const at = band.getBBox();
    const left = Math.max(0, Math.min(at.x + at.width / 2 - tip.offsetWidth / 2, drawn - tip.offsetWidth));
    tip.style.left = `${left}px`;
    tip.style.top = axis ? `${Math.max(0, margin.top)}px` : `${height + 2}px`;
  };
  const hide = () => { tip.hidden = true; };
  // One tab stop for the chart; arrow keys go from bucket to bucket that has something.
  const move = (event, i) => {
    const stops = bands.map((band, at) => (band.hasAttribute("tabindex") ? at : -1)).filter((at) => at >= 0);
    const here = stops.indexOf(i);
    const to = stops[{ ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: stops.length - 1 }[event.key]];
    if (to === undefined) return;
    event.preventDefault();
    bands[i].setAttribute("tabindex", "-1");
    bands[to].setAttribute("tabindex", "0");
    bands[to].focus();
  };

  function render(width) {
    drawn = width;
    const plot = { left: margin.left, top: margin.top, width: Math.max(10, width - margin.left - margin.right), height: height - margin.top - margin.bottom };
    const values = yTicks ?? ticks(highest, 4, whole);
    const top = fixed || values.at(-1);
    const span = edges.at(-1) - edges[0] || 1;
    plot.x = (at) => plot.left + ((at - edges[0]) / span) * plot.width;
    plot.y = (value) => plot.top + plot.height - (Math.min(value, top) / top) * plot.height;
    plot.band = (i) => [plot.x(edges[i]), plot.x(edges[i + 1]) - plot.x(edges[i])];
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const grid = axis ? [
      values.map((value) => [s("line", { class: "grid", x1: plot.left, x2: plot.left + plot.width, y1: plot.y(value), y2: plot.y(value) }),
        s("text", { class: "axis", x: plot.left - 8, y: plot.y(value) + 4, "text-anchor": "end" }, format(value))]),
      timeTicks(edges, plot.width / 60).map(([i, text]) => {
        // An hour's label stands where it begins, a day's in its middle.
        const x = edges[1] - edges[0] > HOUR ? plot.x((edges[i] + edges[i + 1]) / 2) : plot.x(edges[i]);
        return s("text", { class: "axis", x: Math.max(plot.left + 14, Math.min(x, plot.left + plot.width - 18)), y: height - 4, "text-anchor": "middle" }, text);
      }),
    ] : [];
    const lost = gaps.filter((gap) => gap.until > edges[0] && gap.since < edges.at(-1)).map((gap) => {
      const from = plot.x(Math.max(gap.since, edges[0]));
      return s("rect", { class: "gap", x: from, y: plot.top, width: Math.max(3, plot.x(Math.min(gap.until, edges.at(-1))) - from), height: plot.height });
    });
    let stop = false;
    bands = edges.slice(0, -1).map((_, i) => {
      const [x, wide] = plot.band(i);
      const { title, lines, none } = describe(i);
      const target = none ? null : href?.(i);
      const first = !none && !stop;
      stop ||= first;
      const band = s(target ? "a" : "g", {
        class: "band", href: target, tabindex: none ? null : first ? "0" : "-1", role: target ? null : "img", "aria-hidden": none ? "true" : null,
        "aria-label": `${title}: ${lines.map(([text, value]) => `${text} ${value}`).join(", ")}`,
        onmouseenter: () => show(i, bands[i]), onmouseleave: hide, onfocus: () => show(i, bands[i]), onblur: hide, onkeydown: (event) => move(event, i),
        onclick: (event) => { if (target && !event.metaKey && !event.ctrlKey) { event.preventDefault(); go(target); } },
      }, s("rect", { x, y: plot.top, width: Math.max(1, wide), height: plot.height }));
      return band;
    });
    const nothing = empty ? [s("text", { class: "axis", x: plot.left + plot.width / 2, y: plot.top + plot.height / 2, "text-anchor": "middle" }, empty)] : draw(plot);
    svg.replaceChildren(...[grid, lost, nothing, empty ? [] : bands].flat(Infinity));
  }

  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width > 0 && width !== drawn && figure.isConnected) render(width);
  }).observe(figure);
  return figure;
}
