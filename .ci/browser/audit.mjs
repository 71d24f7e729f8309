// Checks of a page: axe-core without exclusions, and what axe does not see.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import { kind } from './recorder.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'EN-301-549'];

// views are the ways in which each German page is looked at. The dark colours
// change nothing but contrast.
const views = [
  { width: 320, scheme: 'light', open: true },
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark', rules: ['color-contrast', 'link-in-text-block'] },
];

// textChecks reads the page as it was sent.
export function textChecks(seen, recorder) {
  const say = (rule, detail) => recorder.finding(seen.url, rule, `${detail} [${seen.lang}, ${seen.who}]`);
  const html = seen.body.replace(/<!--[^]*?-->/g, '');
  const h1 = (html.match(/<h1[\s>]/g) || []).length;
  if (h1 !== 1) say('h1', `${h1} main headings`);
  const lang = html.match(/<html[^>]*\slang="([^"]*)"/)?.[1] || '';
  const want = { de: /^de$/, en: /^en$/, 'de-simple': /^de-(simple|x-ls|x-simple)$|^de$/ }[seen.lang];
  if (!want.test(lang)) say('lang', `the page says lang="${lang}"`);
  for (const bad of ['⟦', '<no value>', '&lt;no value&gt;', '%!', '{{', 'ZgotmplZ', '\ufffd']) {
    const at = html.indexOf(bad);
    if (at >= 0) say('text', `holds ${bad}: …${html.slice(Math.max(0, at - 60), at + 60)}`);
  }
  if (seen.status >= 500) say('status', String(seen.status));
  if (!seen.title) say('title', 'no title');
  for (const m of html.matchAll(/\s(style|onclick|onload|onsubmit|onchange)="/g)) say('csp', `attribute ${m[1]}`);
}

// titleChecks finds two kinds of pages with the same title.
export function titleChecks(recorder) {
  const by = new Map();
  for (const seen of recorder.pages.values()) {
    const k = `${seen.lang}|${new URL(seen.url).host}|${seen.title}`;
    if (seen.status >= 400) continue;
    const kinds = by.get(k) || new Map();
    kinds.set(kind(seen.url), seen.url);
    by.set(k, kinds);
  }
  for (const [k, kinds] of by) {
    if (kinds.size > 1) recorder.finding([...kinds.values()][0], 'title', `${k} is the title of ${[...kinds.keys()].join(' and ')}`);
  }
}

// overflow runs in the page.
function overflow() {
  const el = document.scrollingElement;
  if (el.scrollWidth <= innerWidth) return null;
  const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.sr-only'));
  return `${el.scrollWidth} px: ${wide.slice(-3).map((e) => e.outerHTML.slice(0, 90)).join(' ')}`;
}

// show brings a page that was seen into a browser window, from the note; its
// styles, pictures and scripts come from the server. The note's own
// Content-Security-Policy stays in force: axe comes through the debugger.
async function show(page, seen) {
  const headers = { ...seen.headers };
  for (const h of ['content-encoding', 'content-length', 'set-cookie', 'transfer-encoding']) delete headers[h];
  await page.route('**', (route) =>
    route.request().isNavigationRequest() ? route.fulfill({ status: seen.status, headers, body: seen.body }) : route.continue());
  await page.goto(seen.url);
  await page.waitForLoadState('load');
  await page.unroute('**');
}

async function look(contexts, seen, view, recorder) {
  const context = contexts.get(`${view.width}${view.scheme}`);
  const page = await context.newPage();
  recorder.watch(page, 'axe');
  const how = `${view.width} px ${view.scheme} ${seen.lang}`;
  try {
    await show(page, seen);
    if (view.open) await page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
    await page.evaluate(() => document.fonts.ready.then(() => true));
    const wide = await page.evaluate(overflow);
    if (wide) recorder.finding(seen.url, 'overflow', `${how}: ${wide}`);
    if (view.axe !== false) {
      await page.evaluate(axeSource);
      const options = { preload: false, resultTypes: ['violations'], ...(view.rules ? { runOnly: { type: 'rule', values: view.rules } } : { runOnly: tags }) };
      const result = await page.evaluate((o) => window.axe.run(document, o), options);
      for (const v of result.violations) {
        for (const n of v.nodes) recorder.finding(seen.url, `axe ${v.id}`, `${how}: ${n.html.slice(0, 200)} — ${n.failureSummary.replace(/\s+/g, ' ').slice(0, 240)}`);
      }
    }
  } catch (e) {
    recorder.finding(seen.url, 'check', `${how}: ${e.message}`);
  } finally {
    await page.close();
  }
}

// audit looks at everything that was noted, a few pages at a time.
export async function audit(browser, recorder, { parallel = 2 } = {}) {
  const contexts = new Map();
  for (const v of views) {
    contexts.set(`${v.width}${v.scheme}`, await browser.newContext({ locale: 'de-DE', viewport: { width: v.width, height: 900 }, colorScheme: v.scheme }));
  }
  const work = [];
  for (const seen of recorder.pages.values()) {
    textChecks(seen, recorder);
    if (seen.lang === 'de') for (const view of views) work.push([seen, view]);
    // Other languages have other words in the same places.
    else work.push([seen, { width: 320, scheme: 'light', open: true, axe: process.env.BROWSER_FULL === '1' }]);
  }
  titleChecks(recorder);
  const total = work.length;
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let job = work.shift(); job; job = work.shift()) await look(contexts, ...job, recorder);
  }));
  for (const c of contexts.values()) await c.close();
  return total;
}

// languages fetches what was seen in the other languages of the portal.
export async function languages(recorder) {
  for (const seen of [...recorder.pages.values()]) {
    const u = new URL(seen.url);
    if (seen.lang !== 'de' || seen.method !== 'GET' || seen.status >= 400 || u.host !== recorder.host || u.searchParams.has('lang')) continue;
    for (const lang of /^\/(amt|test)/.test(u.pathname) ? ['en'] : ['en', 'de-simple']) {
      const answer = await fetch(u, { redirect: 'manual', headers: { cookie: [seen.cookie, `stadttor_sprache=${lang}`].filter(Boolean).join('; ') } });
      const body = await answer.text();
      if (answer.status !== seen.status) continue; // the state has gone on since, as after sending a draft
      recorder.add({ ...seen, lang, body, headers: Object.fromEntries(answer.headers) });
    }
  }
}
