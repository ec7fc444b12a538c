// <integration-activity-log integration="Stripe" token="...">: the last activities of an integration,
// live, in another team's page. One classic script, without dependencies:
//
//   <script src="https://wiretrail.example/embed.js" async></script>
//   <integration-activity-log integration="Stripe" token="..."></integration-activity-log>
//
// The rows live in a frame of Wiretrail's own origin, so neither side's styles, scripts or tokens reach
// the other. The token is handed over by a message, never by an address. Its size is the element's:
// style `integration-activity-log { height: 30rem }`. `organization` and `theme` ("light", "dark") are optional.
(() => {
  const home = new URL(document.currentScript.src).origin;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":host { display: block; height: 26rem; min-width: 18rem } :host([hidden]) { display: none } iframe { width: 100%; height: 100%; border: 0; border-radius: inherit }");

  class IntegrationActivityLog extends HTMLElement {
    static observedAttributes = ["integration", "organization", "token", "theme"];
    #frame = null;
    #ready = false;

    connectedCallback() {
      if (!this.shadowRoot) {
        this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
        this.#frame = document.createElement("iframe");
        this.#frame.src = `${home}/embed`;
        this.#frame.allow = `clipboard-write ${home}`;
        this.#frame.referrerPolicy = "origin";
        this.shadowRoot.append(this.#frame);
      }
      this.#frame.title = `Activity log of ${this.getAttribute("integration") ?? "an integration"}`;
      addEventListener("message", this);
    }

    disconnectedCallback() {
      this.#ready = false;
      removeEventListener("message", this);
    }

    attributeChangedCallback() {
      this.#tell();
    }

    handleEvent(event) {
      if (event.origin !== home || event.source !== this.#frame.contentWindow || event.data?.wiretrail !== "ready") return;
      this.#ready = true;
      this.#tell();
    }

    #tell() {
      if (!this.#ready || !this.getAttribute("token")) return;
      const say = Object.fromEntries(IntegrationActivityLog.observedAttributes.map((name) => [name, this.getAttribute(name)]));
      this.#frame.contentWindow.postMessage({ wiretrail: "show", ...say }, home);
    }
  }

  if (!customElements.get("integration-activity-log")) customElements.define("integration-activity-log", IntegrationActivityLog);
})();
