// WCAG 2.2 AA of a page that is open in Chromium, as far as axe-core can see it, and what it does not look at.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// Checks a page in both colour schemes, at the width of a screen and at that of a telephone, which is a screen's at 400 % zoom, too.
export async function assertAccessible(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const where = `${new URL(page.url()).pathname}, ${colorScheme}, ${width} px`;
      // As a string, which the page's policy does not stop, unlike an element `script`.
      await page.evaluate(axe);
      const { violations, incomplete } = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), TAGS);
      const found = [...violations, ...incomplete].map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
      assert.deepEqual(found, [], where);
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(excess, 0, `${where}: it scrolls sideways`);
    }
  }
}

// Checks that the keyboard reaches the fields and the button in this order, and that the focus is seen on each.
export async function assertFocusIsSeen(page, selectors) {
  await page.evaluate(() => document.activeElement.blur());
  for (const selector of selectors) {
    await page.keyboard.press("Tab");
    const element = page.locator(selector);
    assert.ok(await element.evaluate((element) => element === document.activeElement), `${selector} is not next`);
    const outline = await element.evaluate((element) => getComputedStyle(element).outline);
    assert.match(outline, /solid/, selector);
    assert.ok(parseFloat(/(\d+)px/.exec(outline)?.[1]) >= 2, `${selector}: ${outline}`);
  }
}
