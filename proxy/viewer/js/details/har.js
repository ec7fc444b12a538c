// One activity as HAR 1.2. Pure.

import { header, isBinary } from "./body-kinds.js";
import { stringify } from "./json-text.js";

const pairs = (headers) => Object.entries(headers ?? {}).flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: one })));
const textOf = (body) => (typeof body === "string" ? body : stringify(body));

/** The HAR document as text. */
export function harOf(row) {
  const timing = row.timing ?? {};
  const query = [...new URLSearchParams(row.endpoint.split("?")[1]?.split("#")[0] ?? "")].map(([name, value]) => ({ name, value }));
  const kept = (side) => row[`${side}_body`] !== null && row[`${side}_body`] !== undefined && !isBinary(row[`${side}_body`]);
  const mimeType = (side) => header(row[`${side}_headers`], "content-type") ?? "";
  const httpVersion = typeof row.metadata?.http_version === "string" ? row.metadata.http_version : "HTTP/1.1";
  const entry = {
    startedDateTime: row.created_at,
    time: row.response_time_ms ?? 0,
    request: {
      method: row.method, url: row.endpoint, httpVersion, cookies: [], headers: pairs(row.request_headers), queryString: query,
      ...(kept("request") && { postData: { mimeType: mimeType("request"), text: textOf(row.request_body) } }), headersSize: -1, bodySize: row.request_size,
    },
    response: {
      status: row.response_status ?? 0, statusText: "", httpVersion, cookies: [], headers: pairs(row.response_headers),
      content: { size: row.response_size, mimeType: mimeType("response"), ...(kept("response") && { text: textOf(row.response_body) }) },
      redirectURL: header(row.response_headers, "location") ?? "", headersSize: -1, bodySize: row.response_size,
    },
    cache: {},
    timings: {
      blocked: -1, dns: -1, connect: timing.connect === null || timing.connect === undefined ? -1 : timing.connect + (timing.tls ?? 0),
      ssl: timing.tls ?? -1, send: timing.send ?? 0, wait: timing.wait ?? 0, receive: timing.receive ?? 0,
    },
    comment: row.error_message ?? "",
    _id: row.id, _status: row.status, _errorCode: row.error_code, _integration: row.integration, _activityType: row.activity_type,
  };
  return JSON.stringify({ log: { version: "1.2", creator: { name: "Wiretrail", version: "1" }, entries: [entry] } }, null, 2);
}
