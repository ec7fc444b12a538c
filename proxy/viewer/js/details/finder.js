// Search inside the dialog. Hits are painted by the CSS highlight API, so no element is touched.

import { h, icon } from "../dom.js";
import { openAll } from "./json-tree.js";

const MOST = 2000;

/** `{field, focus(), clear()}` for the text inside `root`. */
export function finder(root) {
  const input = h("input", { class: "field", type: "search", placeholder: "Find in this activity", "aria-label": "Find in this activity", autocomplete: "off", spellcheck: "false" });
  const state = h("span", { class: "dim", role: "status" });
  let ranges = [];
  let current = -1;

  const paint = () => {
    if (!globalThis.CSS?.highlights) return;
    CSS.highlights.set("found", new Highlight(...ranges));
    CSS.highlights.set("current", new Highlight(...(ranges[current] ? [ranges[current]] : [])));
  };

  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    ranges = [];
    current = -1;
    if (wanted) {
      for (const tree of root.querySelectorAll(".tree")) openAll(tree);
      for (const details of root.querySelectorAll(".headers, .messages details")) details.open = true;
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let node; ranges.length < MOST && (node = walker.nextNode());) {
        const content = node.data.toLowerCase();
        for (let at = content.indexOf(wanted); at >= 0 && ranges.length < MOST; at = content.indexOf(wanted, at + wanted.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + wanted.length);
          if (range.getClientRects().length) ranges.push(range);
        }
      }
    }
    state.textContent = wanted ? (ranges.length ? `${ranges.length === MOST ? `${MOST}+` : ranges.length} found` : "none") : "";
    if (ranges.length) step(1);
    else paint();
  };

  const step = (by) => {
    if (!ranges.length) return;
    current = (current + by + ranges.length) % ranges.length;
    if (ranges.length > 1) state.textContent = `${current + 1} of ${ranges.length}`;
    ranges[current].startContainer.parentElement?.scrollIntoView({ block: "nearest" });
    paint();
  };

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); step(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape" && input.value) { event.preventDefault(); event.stopPropagation(); input.value = ""; search(); }
  });
  return {
    field: h("div", { class: "search find", role: "search" }, icon("search"), input, state),
    focus: () => { input.focus(); input.select(); },
    clear: () => { ranges = []; current = -1; paint(); if (input.value) search(); },
  };
}
