// What each error code and HTTP status means in plain words, and what to try.

/** Error code -> what happened, what to try. */
export const ERROR = {
  dns: ["The host name could not be resolved.", "Check the spelling of the host, and that the proxy's machine can resolve it."],
  connect_refused: ["The server refused the connection.", "Nothing listens on that port, or a firewall rejects it. Is the partner up, is the port right?"],
  connect_failed: ["The server could not be reached.", "A route or network on the way is down. Try from the proxy's machine with curl."],
  connect_timeout: ["The server did not accept the connection in time.", "Often a firewall that drops packets, or an overloaded server."],
  tls_upstream: ["The TLS handshake with the server failed.", "Its certificate may be expired, for another name, or signed by an unknown authority (then give it by --upstream-ca)."],
  tls_client: ["The client broke off the TLS handshake with the proxy.", "The client probably does not trust Wiretrail's certificate: run `wiretrail env` for the right variables."],
  reset: ["The server cut the connection before the answer was complete.", "Look for a crash, a restart or a limit on the partner's side; repeat if the call may be repeated."],
  protocol: ["What the server sent is not valid HTTP.", "Is the port right? A TLS port spoken to in clear text, or the reverse, looks like this."],
  malformed_request: ["The client's request is not valid HTTP.", "It was refused and never sent on. Look at the client's library."],
  upstream_timeout: ["The server did not answer in time.", "The partner is slow or stuck. Compare with its other calls, or raise the deadline for this host."],
  client_timeout: ["The client did not finish its request in time.", "The sender is slow, or its body is shorter than it said."],
  idle_timeout: ["Nothing moved on the connection for too long.", "A stream may need a longer idle deadline for this host."],
  client_closed: ["The client went away before the answer was complete.", "Its own time limit may be shorter than the answer takes, or its user left."],
  interrupted: ["The proxy stopped while this was under way.", "Whether the server got the request is unknown: check with the partner before repeating."],
  blocked: ["The proxy does not allow this address.", "Private addresses are closed unless the configuration opens them (allow_private)."],
  no_route: ["No route is configured for this path.", "Add an [[incoming]] route with a matching prefix."],
  too_large: ["The request is larger than the limit.", "Raise durable_limit for this route, or send less."],
  overloaded: ["The proxy was at its limit of connections.", "Add workers, or look for a client that opens too many connections."],
  not_recorded: ["The exchange ended, but what was to be recorded of it had to be dropped.", "Nothing is known of its end. The gap beside it tells the reason; the log names the capture."],
  not_durable: ["The row could not be committed, so the request was not sent on.", "The sender was told to try again (503). Check the disk of the data folder."],
  internal: ["The proxy failed on this exchange.", "This is a fault of Wiretrail: please report it with the row's id."],
};

/** Status codes whose reason helps more than their number. */
const HTTP_HINT = {
  400: "The partner could not understand the request: look at the body and required fields.",
  401: "Credentials are missing, wrong or expired.",
  403: "The credentials are known but may not do this: check scopes and permissions.",
  404: "No such thing at this address: check ids and the base URL.",
  409: "It conflicts with what is there, often a repeat or a stale version.",
  413: "The body is larger than the partner allows.",
  422: "The body was understood but is not valid: the answer usually names the field.",
  429: "Too many requests: wait as `Retry-After` says, then send fewer at once.",
};

/** One or two plain sentences on what went wrong with a row; null when nothing did. */
export function explain(row) {
  if (row.error_code) {
    const [what, hint] = ERROR[row.error_code] ?? ["The exchange ended without a complete answer.", ""];
    return { what, hint };
  }
  if (row.status !== "failed") return null;
  const status = row.response_status;
  if (status >= 500) return { what: `The server answered ${status}: a fault on its side.`, hint: HTTP_HINT[status] ?? "Repeat later if the call may be repeated; give the provider request id to the partner's support." };
  if (status >= 400) return { what: `The server refused the request with ${status}.`, hint: HTTP_HINT[status] ?? "Look at the answer's body for the reason." };
  return { what: "The answer carries an error status of its own.", hint: "gRPC reports errors in `grpc-status` beside HTTP 200." };
}
