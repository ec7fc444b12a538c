// Node's HTTP/2 server (or HTTP/1.1 by ALPN): `node http2.js PORT PEM PROTOCOL`. Answers by path
// and tells what it got.
const fs = require("fs");
const http2 = require("http2");
const https = require("https");

const pem = fs.readFileSync(process.argv[3]);
const options = { key: pem, cert: pem, ALPNProtocols: [process.argv[4]] };

function answer(request, response) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const raw = request.rawHeaders;
    const fields = [];
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at].toLowerCase();
      if (name.startsWith("x-") || name === "cookie") fields.push([name, raw[at + 1]]);
    }
    const told = {
      method: request.method,
      url: request.url,
      authority: request.headers[":authority"] || request.headers.host,
      fields: fields.sort(),
      trailers: Object.entries(request.trailers),
      size: body.length,
      sum: body.reduce((sum, byte) => (sum * 31 + byte) % 1000003, 0),
    };
    const path = request.url.split("?")[0];
    if (path === "/204" || path === "/304") {
      response.writeHead(Number(path.slice(1)), { etag: '"a"' });
      response.end();
    } else if (path === "/large") {
      response.end(Buffer.alloc(1 << 20, "0123456789"));
    } else if (path === "/huge") {
      const block = Buffer.alloc(1 << 16, "0123456789");
      let left = 96;
      const more = () => {
        while (left > 0) if ((left -= 1, !response.write(block))) return response.once("drain", more);
        response.end();
      };
      more();
    } else if (path === "/trailers") {
      response.setHeader("trailer", "x-sum");
      response.write("abc");
      response.addTrailers({ "x-sum": "1", "x-other": "2" });
      response.end();
    } else {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.setHeader("x-empty", "");
      response.end(JSON.stringify(told));
    }
  });
}

const made = process.argv[4] === "h2" ? http2.createSecureServer : https.createServer;
made(options, answer).listen(Number(process.argv[2]), "127.0.0.1");
