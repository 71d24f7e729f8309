// Journeys through a running portal in a browser, with the keyboard only and
// without JavaScript, then checks of every page that was seen.
//
//   node run.mjs <address> [--only=name,...] [--no-axe] [--shots=folder] [--pages=folder]
//
// With --pages each page that was seen is kept as a picture, in both widths.
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { Recorder } from './recorder.mjs';
import { audit, languages } from './audit.mjs';
import { shots } from './shots.mjs';
import * as single from './journeys.mjs';
import * as together from './together.mjs';

const journeys = { ...single, ...together };

// Lanes run side by side; what is in one lane runs one after the other.
const lanes = [
  ['main', 'account', 'reader', 'involve'],
  ['library', 'residence', 'guest', 'desk'],
  ['certificate', 'deregister', 'network'],
];
// These run when the others have ended.
const alone = ['faults', 'tester'];

const [base, ...rest] = process.argv.slice(2);
const option = (name) => rest.find((a) => a.startsWith(`--${name}`))?.split('=')[1] ?? (rest.includes(`--${name}`) ? '1' : '');
const only = option('only').split(',').filter(Boolean);
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {}
  }
  throw new Error('no chromium in the PATH');
}

const browser = await chromium.launch({
  executablePath: chromiumPath(),
  // The sandbox of Chromium does not start for root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const recorder = new Recorder(base);
const failures = [];

const run = async (names) => {
  for (const name of names) {
    if (only.length && !only.includes(name)) continue;
    const before = Date.now();
    try {
      await journeys[name](browser, base, recorder);
      say(`ok    ${name} (${((Date.now() - before) / 1000).toFixed(1)} s)`);
    } catch (e) {
      failures.push(`${name}: ${e.message}`);
      say(`FAIL  ${name}: ${e.message}`);
    }
  }
};
await Promise.all(lanes.map(run));
await run(alone);

if (option('shots')) {
  const missing = await shots(browser, recorder, option('shots'));
  if (missing.length) failures.push(`no pictures of ${missing}`);
}
if (option('no-axe') !== '1') {
  await languages(recorder);
  say(`${recorder.pages.size} pages seen`);
  const looks = await audit(browser, recorder, option('pages'));
  say(`${looks} looks at pages`);
}
await browser.close();

if (process.env.BROWSER_VERBOSE) for (const [key, p] of recorder.pages) if (p.lang === 'de') console.log(`  ${p.method} ${key}`);
for (const f of failures) console.log(`FAILED ${f}`);
say(`${recorder.findings.size} findings, ${failures.length} failed journeys`);
process.exitCode = recorder.findings.size || failures.length ? 1 : 0;
