// What stands where rows would: why there are none, and what to do next.

import { button, command, h, icon } from "../dom.js";
import { isEmpty } from "../filters.js";

/** Nothing recorded yet: how to point a client at the proxy, with this installation's addresses. */
function firstSteps(about) {
  const out = about?.listeners.find((one) => one.direction === "outgoing")?.address ?? "127.0.0.1:8080";
  const hooks = about?.listeners.filter((one) => one.direction === "incoming") ?? [];
  const ca = about?.ca_file ?? "$HOME/.local/share/wiretrail/ca/wiretrail-ca.pem";
  return h("div", { class: "empty" }, icon("inbox"), h("h2", {}, "Nothing recorded yet"),
    h("p", {}, "Send a call through the proxy and it appears here at once."),
    h("div", { class: "commands" },
      h("h3", {}, "Try one call"), command(`curl --proxy http://${out} --cacert ${ca} https://api.github.com/zen`),
      h("h3", {}, "Point a service at it"), command('eval "$(wiretrail env)"'), command(`HTTPS_PROXY=http://${out} SSL_CERT_FILE=${ca} your-service`),
      h("h3", {}, "Receive webhooks"),
      hooks.length ? hooks.map((one) => command(`curl -d '{"hello": "world"}' -H 'content-type: application/json' http://${one.address}/`))
        : command("wiretrail up --incoming 127.0.0.1:8081=http://127.0.0.1:3000")));
}

/** The empty state for a filter; `onChange(filter)` loosens it. */
export function emptyState(filter, about, onChange) {
  if (isEmpty(filter)) return firstSteps(about);
  const ranged = filter.has("since") || filter.has("until");
  const narrowed = [...filter.keys()].some((name) => name !== "since" && name !== "until");
  const withoutTime = new URLSearchParams([...filter].filter(([name]) => name !== "since" && name !== "until"));
  const onlyTime = new URLSearchParams([...filter].filter(([name]) => name === "since" || name === "until"));
  return h("div", { class: "empty" }, icon("filter"), h("h2", {}, "No activity matches"),
    h("p", {}, narrowed && ranged ? "Nothing in this time fits all the filters." : narrowed ? "Nothing fits all the filters." : "Nothing was recorded in this time."),
    h("p", {}, ranged && button({ text: "Search all time", onclick: () => onChange(withoutTime) }), " ",
      narrowed && button({ text: "Clear filters", onclick: () => onChange(onlyTime) })));
}

/** The list could not be fetched. */
export function failedState(problem, onAgain) {
  const lost = problem.status === 0;
  return h("div", { class: "empty" }, icon(lost ? "plug" : "broken"), h("h2", {}, lost ? "Wiretrail cannot be reached" : problem.title ?? "This did not work"),
    h("p", {}, lost ? "Is it running? The page connects again by itself as soon as it is back." : problem.message),
    h("p", {}, button({ text: "Try again", onclick: onAgain })));
}
