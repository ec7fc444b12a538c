// The sample page of <integration-activity-log>: fills the element's attributes from a form.

const form = document.getElementById("sample");
const element = document.querySelector("integration-activity-log");
const code = document.getElementById("code");
const quote = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

function show() {
  const { integration, organization } = Object.fromEntries(new FormData(form));
  const more = organization ? ` organization="${quote(organization)}"` : "";
  code.textContent = `<script src="${location.origin}/embed.js" async></script>\n<integration-activity-log integration="${quote(integration || "Stripe")}"${more} token="…"></integration-activity-log>`;
}

const tabs = [...document.querySelectorAll("[aria-label=Tabs] button")];
for (const tab of tabs) {
  tab.addEventListener("click", () => {
    for (const one of tabs) one.setAttribute("aria-pressed", String(one === tab));
    document.querySelector(".integration-log").hidden = !("log" in tab.dataset);
    document.getElementById("other").hidden = "log" in tab.dataset;
  });
}

form.addEventListener("input", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const [name, value] of new FormData(form)) if (value) element.setAttribute(name, value); else element.removeAttribute(name);
});
form.elements.integration.value = new URLSearchParams(location.search).get("integration") ?? "";
show();
