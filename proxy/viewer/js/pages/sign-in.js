// Sign-in by the one-time link of `wiretrail up` (`/sign-in#code`), or by a token.

import { button, command, h, icon } from "../dom.js";
import { go } from "../router.js";
import { signIn } from "../session.js";

/** Only a path of our own is followed after sign-in. */
export function safeNext(search) {
  const next = new URLSearchParams(search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/";
}

/** The one-time code: in the fragment, which no server and no log ever sees. */
function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? location.hash.slice(1);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

export function show(main, where) {
  document.title = "Sign in · Wiretrail";
  document.body.classList.add("signed-out");
  const state = h("p", { role: "alert", class: "form-error" });
  const field = h("input", { class: "field", type: "password", name: "token", required: true, autocomplete: "current-password", "aria-describedby": "sign-in-state" });
  state.id = "sign-in-state";
  const submit = button({ text: "Sign in", class: "primary", type: "submit" });
  const enter = async (secret) => {
    submit.disabled = true;
    try {
      await signIn(secret);
      go(safeNext(where.search), { replace: true });
    } catch (problem) {
      field.setAttribute("aria-invalid", "true");
      state.replaceChildren(icon("broken"), " ", secret.code ? "This sign-in link was used or has expired. Ask for a new one, or use a token." : problem.message);
      submit.disabled = false;
      field.focus();
    }
  };
  main.append(h("div", { class: "scroll" }, h("form", { class: "sign-in", onsubmit: (event) => { event.preventDefault(); enter({ token: field.value.trim() }); } },
    h("h1", {}, "Sign in to Wiretrail"),
    h("label", { class: "stack" }, "Token", field), state, submit,
    h("p", { class: "dim" }, "The start of Wiretrail prints a sign-in link. On its machine, a token is made by"),
    command("wiretrail token create viewer"))));
  const code = takeCode();
  if (code) enter({ code });
  else field.focus();
  return { leave: () => document.body.classList.remove("signed-out") };
}
