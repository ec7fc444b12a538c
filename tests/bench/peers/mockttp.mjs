// node mockttp.mjs REVERSE FORWARD UPSTREAM CERTIFICATE KEY UPSTREAM_CA FILE
// mockttp that records both bodies of each exchange to FILE, one JSON value a line.
import fs from "node:fs";
import { createRequire } from "node:module";

const { getLocal } = createRequire(`${process.cwd()}/`)("mockttp");
const [reverse, forward, upstream, certPath, keyPath, upstreamCa, file] = process.argv.slice(2);
const out = fs.createWriteStream(file);
const options = { https: { certPath, keyPath }, recordTraffic: false };

async function serve(port, rule) {
  const server = getLocal(options);
  await rule(server.forAnyRequest());
  const open = new Map();
  await server.on("request", async (request) => {
    open.set(request.id, await request.body.getText());
  });
  await server.on("response", async (response) => {
    const request = open.get(response.id);
    open.delete(response.id);
    const body = await response.body.getText();
    out.write(JSON.stringify({ status: response.statusCode, request, body }) + "\n");
  });
  await server.start(Number(port));
}

await serve(reverse, (rule) => rule.thenForwardTo(upstream));
await serve(forward, (rule) =>
  rule.thenPassThrough({ trustAdditionalCAs: [{ certPath: upstreamCa }] }));
