// Builds elements. Data only ever becomes text nodes or attribute values: there is no way here
// (and the content security policy leaves none) to turn a recorded byte into markup.

import { ICONS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "vars") setVars(element, value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** An HTML element: `h("p", {class: "dim", onclick: f}, "text", child)`. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** An SVG element, same form as `h`. */
export function s(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

/** Custom properties go through CSSOM: style attributes are forbidden by the policy. */
export function setVars(element, vars) {
  for (const [name, value] of Object.entries(vars)) element.style.setProperty(name, value);
}

/** An icon; with a label it is an image, without it is decoration. */
export function icon(name, label) {
  const path = s("path", { d: ICONS[name] });
  return label
    ? s("svg", { class: "icon", viewBox: "0 0 16 16", role: "img", "aria-label": label }, s("title", {}, label), path)
    : s("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

/** Where the viewer's own files are, also when a frame of another site shows them. */
const ASSETS = new URL("../", import.meta.url).pathname;

/** A button with an icon, a text, or both; `label` names an icon-only button. */
export function button({ text, icon: name, label, class: extra = "", ...props }) {
  const square = name && !text ? " square" : "";
  return h("button", { type: "button", class: `button${square} ${extra}`, "aria-label": label, title: label, ...props },
    name && icon(name), text);
}

/** Adds a stylesheet once and waits until it applies. */
export function stylesheet(name) {
  const href = `${ASSETS}css/${name}.css`;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((done) => {
    document.head.append(h("link", { rel: "stylesheet", href, onload: done, onerror: done }));
  });
}

/** A short message that goes away by itself; read out politely. */
export function toast(text, name = "check") {
  let box = document.querySelector(".toasts");
  if (!box) document.body.append((box = h("div", { class: "toasts", role: "status" })));
  // A modal dialog covers the page, so the message is put where it can be seen.
  (document.querySelector("dialog[open]") ?? document.body).append(box);
  const item = h("div", { class: "toast" }, icon(name), text);
  box.append(item);
  setTimeout(() => item.remove(), 4000);
}

/** Puts a text on the clipboard and says so. */
export async function copy(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard API.
    const area = h("textarea", { class: "sr" }, text);
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(what);
}

/** A command line with a copy button. */
export function command(text) {
  return h("div", { class: "command" }, h("code", {}, text),
    button({ icon: "copy", label: "Copy", class: "quiet", onclick: () => copy(text) }));
}

/** Lets the user save a text or blob as a file. */
export function save(content, name, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

let lastPopover = 0;

/** A light-dismissed panel below `anchor`; `build` makes its content each time it opens. */
export function popover(anchor, build) {
  const id = `popover-${(lastPopover += 1)}`;
  anchor.setAttribute("aria-expanded", "false");
  anchor.setAttribute("aria-haspopup", "dialog");
  anchor.addEventListener("click", () => {
    document.getElementById(id)?.remove();
    const panel = h("div", { id, popover: "auto", class: "popover", role: "dialog", "aria-label": anchor.getAttribute("aria-label") ?? anchor.textContent });
    const close = () => panel.hidePopover();
    // What is fetched first, or grows, must not run off the screen.
    const sized = new ResizeObserver(() => place(panel, anchor));
    panel.append(build(close));
    panel.addEventListener("toggle", (event) => {
      anchor.setAttribute("aria-expanded", String(event.newState === "open"));
      if (event.newState !== "closed") return;
      sized.disconnect();
      if (panel.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
      panel.remove();
    });
    (anchor.closest("dialog") ?? document.body).append(panel);
    panel.showPopover({ source: anchor });
    place(panel, anchor);
    sized.observe(panel);
    panel.querySelector("[autofocus], input, button, a, select")?.focus();
  });
  return anchor;
}

function place(panel, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = at.bottom + 4 + height < innerHeight || at.top < height;
  panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  panel.style.top = `${below ? at.bottom + 4 : at.top - height - 4}px`;
}
