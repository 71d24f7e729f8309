// The pictures of the README, from pages that the journeys came through.
import fs from 'node:fs';
import path from 'node:path';
import { Window } from './audit.mjs';

const pictures = [
  ['start', /^\/$/, 'Meike Harms'],
  ['dienstleistung', /^\/dienstleistung\//, 'Meike Harms'],
  ['formular', /^\/antrag\/[^/]+\/person$/, 'Meike Harms', 1280, 'light', 800, '.progress'],
  ['postkorb', /^\/postkorb$/, 'Meike Harms'],
  ['eingangskorb', /^\/amt\/eingang$/, 'Wiebke Harms'],
  ['vorgang', /^\/amt\/vorgang\/[^/]+$/, 'Wiebke Harms'],
  ['antrag-320', /^\/antraege\/[^/]+$/, 'Meike Harms', 320, 'light', 640],
  ['konto-dunkel', /^\/konto$/, '', 1280, 'dark'],
];

export async function shots(browser, recorder, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const w = await Window.open(browser, recorder);
  const missing = [];
  for (const [name, address, who, width = 1280, scheme = 'light', height = 800, from] of pictures) {
    const fit = [...recorder.pages.values()].filter((p) => p.lang === 'de' && p.status === 200 && p.method === 'GET' && address.test(new URL(p.url).pathname));
    const seen = fit.find((p) => p.who === who) || fit[0];
    if (!seen) {
      missing.push(name);
      continue;
    }
    await w.open(seen);
    await w.view(width, scheme, height);
    await w.page.evaluate(() => document.fonts.ready.then(() => true));
    if (from) await w.page.evaluate((at) => document.querySelector(at).scrollIntoView(), from);
    await w.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
  await w.page.context().close();
  return missing;
}
