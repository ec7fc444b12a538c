// A link to one activity, opened anew: its details at once, and the log behind them only when it is
// wanted. So a link that somebody was sent costs no list, no charts and no live stream.

import { openDetails } from "../details/dialog.js";
import { h } from "../dom.js";
import { go } from "../router.js";

export function show(main, where) {
  return new ActivityPage(main, where);
}

class ActivityPage {
  #log = null;
  #gone = false;

  constructor(main, where) {
    this.main = main;
    this.where = where;
    main.append(h("h1", { class: "sr" }, "Activity"));
    this.details = openDetails({
      onClose: () => go(`/${withoutCompare(location.search)}`),
      onMove: async (step) => (await this.#become())?.step(step),
      onFilter: (filter) => go(`/?${filter}`),
      // What still runs is followed live.
      onShown: (row) => row.status === "started" && this.#become(),
    });
    this.#show();
  }

  update(where) {
    this.where = where;
    if (this.#log) this.#log.then((page) => page?.update(this.where));
    else if (where.parts.id) this.#show();
    else this.#become();
  }

  leave() {
    this.#gone = true;
    if (this.#log) this.#log.then((page) => page?.leave());
    else this.details.leave();
  }

  #show() {
    this.details.show(this.where.parts.id, new URLSearchParams(this.where.search).get("compare"));
  }

  /** The log page takes over, with the details on top where the address still names them. */
  #become() {
    this.#log ??= import("./log.js").then((module) => {
      if (this.#gone) return null;
      this.details.leave();
      this.main.replaceChildren();
      return module.show(this.main, this.where);
    });
    return this.#log;
  }
}

const withoutCompare = (search) => search.replace(/([?&])compare=[^&]*&?/, "$1").replace(/[?&]$/, "");
