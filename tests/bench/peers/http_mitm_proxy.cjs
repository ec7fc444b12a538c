// node http_mitm_proxy.cjs REVERSE FORWARD UPSTREAM CERTIFICATES FILE
// http-mitm-proxy that records both bodies of each exchange to FILE, one JSON value a line.
const fs = require("node:fs");
const { createRequire } = require("node:module");

const { Proxy } = createRequire(`${process.cwd()}/`)("http-mitm-proxy");
const [reverse, forward, upstream, sslCaDir, file] = process.argv.slice(2);
const out = fs.createWriteStream(file);

function serve(port, target, then) {
  const proxy = new Proxy();
  proxy.onError(() => {});
  proxy.onRequest((ctx, next) => {
    const request = [];
    const response = [];
    if (target) {
      ctx.proxyToServerRequestOptions.host = target.hostname;
      ctx.proxyToServerRequestOptions.port = target.port;
    }
    ctx.onRequestData((_, chunk, done) => { request.push(chunk); done(null, chunk); });
    ctx.onResponseData((_, chunk, done) => { response.push(chunk); done(null, chunk); });
    ctx.onResponseEnd((_, done) => {
      out.write(JSON.stringify({
        status: ctx.serverToProxyResponse.statusCode,
        request: Buffer.concat(request).toString(),
        body: Buffer.concat(response).toString(),
      }) + "\n");
      done();
    });
    next();
  });
  proxy.listen({ host: "127.0.0.1", port: Number(port), sslCaDir, keepAlive: true }, then);
}

// One after the other: both would make the authority.
serve(reverse, new URL(upstream), () => serve(forward, null, () => {}));
