// Node's server, logging what it is asked: `node node.js PORT`.
const fs = require("fs");
const http = require("http");

http
  .createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("hex");
      fs.appendFileSync(process.env.SEEN, JSON.stringify([request.method, request.url, body]) + "\n");
      response.setHeader("Content-Length", 2);
      response.end("ok");
    });
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
