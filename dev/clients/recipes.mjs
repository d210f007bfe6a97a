// The code of docs/use-it-from.md, as it stands there.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = readFileSync(join(import.meta.dirname, "../../docs/use-it-from.md"), "utf8");

// Returns the block of JavaScript below a heading.
export function recipe(heading) {
  const section = page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`));
  return section.match(/^```js\n([^]*?)^```$/m)[1];
}
