// Checks of a page: axe-core without exclusions, and what axe does not see.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { kind } from './recorder.mjs';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'EN-301-549'];

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
  if (seen.status >= 500 && seen.status !== 503) say('status', String(seen.status));
  if (!seen.title) say('title', 'no title');
  for (const m of html.matchAll(/\s(style|onclick|onload|onsubmit|onchange)="/g)) say('csp', `attribute ${m[1]}`);
}

// titleChecks finds two kinds of pages with the same title.
export function titleChecks(recorder) {
  const by = new Map();
  for (const seen of recorder.pages.values()) {
    const k = `${seen.lang}|${new URL(seen.url).host}|${seen.title}`;
    if (seen.status >= 400 || seen.method !== 'GET') continue;
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

// A window that looks at notes: the document comes from the note, its styles,
// pictures and scripts come from the server. The note's own
// Content-Security-Policy stays in force: axe comes through the debugger.
export class Window {
  static async open(browser, recorder, pictures = '') {
    const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    const w = new Window();
    Object.assign(w, { recorder, pictures, page: await context.newPage(), looks: 0 });
    recorder.watch(w.page, 'axe');
    await w.page.route('**', (route) => {
      const request = route.request();
      // Pages that go on by themselves have to stay for the checks.
      if (/\/(weiter|zurueck)\.js/.test(request.url())) return route.fulfill({ status: 200, contentType: 'text/javascript', body: '' });
      if (!request.isNavigationRequest()) return route.continue();
      const headers = { ...w.seen.headers };
      for (const h of ['content-encoding', 'content-length', 'set-cookie', 'transfer-encoding']) delete headers[h];
      return route.fulfill({ status: w.seen.status, headers, body: w.seen.body.replace(' data-autosubmit', '') });
    });
    return w;
  }

  async view(width, scheme, height = 900) {
    this.how = `${width} px ${scheme} ${this.seen.lang}`;
    await this.page.setViewportSize({ width, height });
    await this.page.emulateMedia({ colorScheme: scheme });
  }

  async overflow() {
    const wide = await this.page.evaluate(overflow);
    if (wide) this.recorder.finding(this.seen.url, 'overflow', `${this.how}: ${wide}`);
  }

  async axe(runOnly) {
    this.looks++;
    const result = await this.page.evaluate((o) => window.axe.run(document, o), { preload: false, resultTypes: ['violations'], runOnly });
    for (const v of result.violations) {
      for (const n of v.nodes) {
        this.recorder.finding(this.seen.url, `axe ${v.id}`, `${n.html.slice(0, 200)} — ${n.failureSummary.replace(/\s+/g, ' ').slice(0, 240)} [${this.how}]`);
      }
    }
  }

  async open(seen) {
    this.seen = seen;
    await this.view(1280, 'light');
    await this.page.goto(seen.url);
  }

  // picture keeps what the page looks like, for people who look through them.
  async picture() {
    if (!this.pictures || this.seen.lang === 'en') return;
    const u = new URL(this.seen.url);
    const name = `${u.port}${u.pathname}${u.search}`.replace(/[^0-9A-Za-z]+/g, '-').slice(0, 70);
    const file = `${name}_${this.seen.method}${this.seen.status}_${this.seen.lang}_${this.page.viewportSize().width}_${this.looks}.png`;
    await this.page.screenshot({ path: path.join(this.pictures, file), fullPage: true });
  }

  // look checks a page. What a German page has at two widths and in two
  // colours, the other languages have as well, but for the length of words.
  async look(seen) {
    await this.open(seen);
    await this.page.evaluate(() => document.fonts.ready.then(() => true));
    if (seen.lang === 'de') {
      await this.page.evaluate(axeSource);
      await this.overflow();
      await this.axe(tags);
      await this.picture();
      await this.view(1280, 'dark');
      await this.axe({ type: 'rule', values: ['color-contrast', 'link-in-text-block'] });
    }
    await this.view(320, 'light');
    await this.page.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
    await this.overflow();
    await this.picture();
    if (seen.lang === 'de') await this.axe(tags);
  }
}

// audit looks at everything that was noted, two pages at a time.
export async function audit(browser, recorder, pictures = '') {
  if (pictures) fs.mkdirSync(pictures, { recursive: true });
  const work = [...recorder.pages.values()];
  for (const seen of work) textChecks(seen, recorder);
  titleChecks(recorder);
  const windows = await Promise.all([0, 1].map(() => Window.open(browser, recorder, pictures)));
  await Promise.all(windows.map(async (w) => {
    for (let seen = work.shift(); seen; seen = work.shift()) {
      if (work.length % 50 === 0) console.log(`${work.length} pages to check`);
      await w.look(seen).catch((e) => recorder.finding(seen.url, 'check', e.message));
    }
    await w.page.context().close();
  }));
  return windows[0].looks + windows[1].looks;
}

// languages fetches what was seen in the other languages of the portal.
export async function languages(recorder) {
  for (const seen of [...recorder.pages.values()]) {
    const u = new URL(seen.url);
    if (seen.lang !== 'de' || seen.method !== 'GET' || seen.status >= 400 || !recorder.portals.has(u.host) || u.searchParams.has('lang')) continue;
    for (const lang of /^\/(amt|test)/.test(u.pathname) ? ['en'] : ['en', 'de-simple']) {
      const answer = await fetch(u, { redirect: 'manual', headers: { cookie: [seen.cookie.replace(/stadttor_sprache=[^;]*(; )?/, ''), `stadttor_sprache=${lang}`].filter(Boolean).join('; ') } });
      const body = await answer.text();
      if (answer.status !== seen.status) continue; // the state has gone on since, as after sending a draft
      recorder.add({ ...seen, lang, body, headers: Object.fromEntries(answer.headers) });
    }
  }
}
