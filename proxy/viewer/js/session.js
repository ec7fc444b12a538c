// Who is signed in, and what this installation is: asked once, used by every page.

import { get, send } from "./api.js";

let session = null;
let about = null;

/** The signed-in grant `{name, rights, organizations}`; raises `Problem` 401 when there is none. */
export async function whoAmI() {
  session ??= await get("/session");
  return session;
}

/** Version, listeners, accounting, and the newest `seq`: `{about, accounting, last_seq, now}`. */
export async function overview(signal) {
  about = await get("/overview", null, signal);
  return about;
}

export const lastOverview = () => about;
export const may = (right) => session?.rights.includes(right) ?? false;

/** Opens a session with `{token}` or `{code}`. */
export async function signIn(secret) {
  session = await send("POST", "/session", secret);
  return session;
}

export async function signOut() {
  await send("DELETE", "/session").catch(() => {});
  session = null;
}

/** Forgets what was known, after a 401. */
export function forget() {
  session = null;
}
