// The request of an activity as a command or program. Pure. What was redacted becomes a placeholder.

import { header, isBinary } from "./body-kinds.js";
import { stringify } from "./json-text.js";

const LEFT_OUT = /^(host|content-length|connection|transfer-encoding|accept-encoding|keep-alive|te|trailer|upgrade|proxy-.*|traceparent|tracestate|x-forwarded-.*)$/i;
/** The body was recorded as it reads after decoding, and is sent like that. */
const DECODED = /^content-encoding$/i;
const NUL = "the body's NUL characters are left out: no command line can carry them";
const MARK = /\[REDACTED(?::[0-9a-f]+)?[^\]\n]{0,40}\]/g;

const placeholder = (name) => `YOUR_${name.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
const fill = (text, name = "secret") => String(text).replace(MARK, placeholder(name));
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/**
 * A text as one word of a shell. Control characters are written as escapes (bash, zsh, POSIX 2024): a terminal
 * would act on them when they are pasted, and a carriage return would arrive as a line feed.
 */
const shell = (text) => (text.search(CONTROLS) < 0 ? `'${text.replaceAll("'", "'\\''")}'`
  : `$'${text.replace(/[\\']/g, "\\$&").replace(CONTROLS, (c) => (c === "\r" ? "\\r" : `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`))}'`);
const shellMethod = (method) => (/^[A-Z]+$/.test(method) ? method : shell(method));
/** JSON string syntax is Python's and JavaScript's too. */
const literal = (text) => JSON.stringify(text);

/** For a shell: without what no argument of a program may hold. */
function shellRequest(row) {
  const { body, note, ...request } = plainRequest(row);
  return body?.includes("\0") ? { ...request, body: body.replaceAll("\0", ""), note: note ?? NUL } : { ...request, body, note };
}

/** `{method, url, headers, body, note}` that all four forms are written from. */
export function plainRequest(row) {
  const headers = Object.entries(row.request_headers ?? {}).filter(([name]) => !LEFT_OUT.test(name))
    .filter(([name]) => row.request_body === null || row.request_body === undefined || !DECODED.test(name))
    .flatMap(([name, value]) => [value].flat().map((one) => [name, fill(one, name)]));
  const url = row.endpoint.replace(/([?&])([^=&]*)=([^&]*)/g, (all, mark, name, value) => `${mark}${name}=${fill(value, name)}`);
  let body = null;
  let note = row.bodies_withheld ? "headers and body are not shown to this token" : null;
  if (isBinary(row.request_body)) note = "the binary body was not kept";
  else if (row.request_body !== null && row.request_body !== undefined) body = fill(typeof row.request_body === "string" ? row.request_body : stringify(row.request_body));
  if (row.request_truncated) note = "only the beginning of the body was kept";
  return { method: row.method, url: fill(url), headers, body, note };
}

const typed = (headers) => headers.some(([name]) => name.toLowerCase() === "content-type");

export function curl(row) {
  const { method, url, headers, body, note } = shellRequest(row);
  const glob = /[[\]{}]/.test(url) ? " --globoff" : "";
  const compressed = header(row.request_headers, "accept-encoding") ? " --compressed" : "";
  const form = method === "HEAD" ? " --head" : method === "GET" && body === null ? "" : ` --request ${shellMethod(method)}`;
  // curl takes `Name;` for a header with an empty value.
  const lines = headers.map(([name, value]) => `--header ${shell(value ? `${name}: ${value}` : `${name};`)}`);
  // Without a type, curl would call the body a form.
  if (body !== null && !typed(headers)) lines.push("--header 'Content-Type:'");
  if (body !== null) lines.push(`--data-raw ${shell(body)}`);
  return [note && `# ${note}`, [`curl${form}${glob}${compressed} ${shell(url)}`, ...lines].join(" \\\n  ")].filter(Boolean).join("\n");
}

export function httpie(row) {
  const { method, url, headers, body, note } = shellRequest(row);
  // `Name:=` and `Name:@` would be JSON and a file of the reader's; options come before all that has a place.
  const value = (text) => (/^[=@]/.test(text) ? `\\${text}` : text);
  const lines = headers.map(([name, text]) => shell(text ? `${name}:${value(text)}` : `${name};`));
  if (body !== null && !typed(headers)) lines.push("'Content-Type:'");
  const raw = body === null ? "" : ` --raw ${shell(body)}`;
  return [note && `# ${note}`, [`http --ignore-stdin${raw} ${shellMethod(method)} ${shell(url)}`, ...lines].join(" \\\n  ")].filter(Boolean).join("\n");
}

export function python(row) {
  const { method, url, headers, body, note } = plainRequest(row);
  const lines = [literal(method), literal(url)];
  if (headers.length) lines.push(`headers=[\n${headers.map(([name, value]) => `        (${literal(name)}, ${literal(value)}),`).join("\n")}\n    ]`);
  if (body !== null) lines.push(`content=${literal(body)}`);
  return `${note ? `# ${note}\n` : ""}import httpx\n\nresponse = httpx.request(\n${lines.map((line) => `    ${line},`).join("\n")}\n)\nprint(response.status_code, response.text)`;
}

export function javascript(row) {
  const { method, url, headers, body, ...request } = plainRequest(row);
  const bare = body !== null && (method === "GET" || method === "HEAD");
  const note = bare ? `fetch sends no body with ${method}; it was ${literal(body)}` : request.note;
  const lines = [`method: ${literal(method)}`];
  if (headers.length) lines.push(`headers: [\n${headers.map(([name, value]) => `    [${literal(name)}, ${literal(value)}],`).join("\n")}\n  ]`);
  if (body !== null && !bare) lines.push(`body: ${literal(body)}`);
  return `${note ? `// ${note}\n` : ""}const response = await fetch(${literal(url)}, {\n${lines.map((line) => `  ${line},`).join("\n")}\n});\nconsole.log(response.status, await response.text());`;
}
