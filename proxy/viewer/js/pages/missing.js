// An address that names nothing.

import { h, icon } from "../dom.js";

export function show(main) {
  document.title = "Not found · Wiretrail";
  main.append(h("div", { class: "empty" }, icon("search"), h("h2", {}, "Nothing is at this address"), h("p", {}, h("a", { href: "/" }, "To the log"))));
  return {};
}
