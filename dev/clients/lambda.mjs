// Serves a Lambda function's handler over HTTP, with what recipes read of an HTTP API's event: `node lambda.mjs FILE`.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2]));
const server = createServer(async ({ headers }, response) => {
  const answer = await handler({ version: "2.0", headers });
  response.writeHead(answer.statusCode, answer.headers).end(answer.body);
});
server.listen(0, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${server.address().port}`));
