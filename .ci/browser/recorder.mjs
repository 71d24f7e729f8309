// Notes every page that somebody sees on a journey, as the server sent it, so
// that the checks can look at it again in other sizes, colours and languages
// without doing anything twice.

// kind names a page without what differs between two pages of a kind.
export function kind(address) {
  const u = new URL(address);
  const path = u.pathname
    .split('/')
    .map((s) => (/^(?=.*[0-9])[0-9A-Za-z_-]{14,}$/.test(s) || /^[A-Z2-7]{26}$/.test(s) || /^[A-Z]{1,4}[0-9-][0-9A-Z-]+$/.test(s) ? '*' : s))
    .join('/')
    .replace(/^(\/dienstleistung|\/einrichtung)\/[^/]+\/[^/]+$/, '$1/*/*');
  return u.host + path;
}

export class Recorder {
  constructor(base) {
    this.base = base;
    this.portals = new Set([new URL(base).host]); // those that speak several languages
    this.pages = new Map();
    this.findings = new Map();
    this.shots = [];
  }

  // finding keeps a problem once, however often it is met.
  finding(address, rule, detail) {
    const key = `${kind(address)} ${rule} ${detail.replace(/[A-Z0-9]{26}/g, '*')}`.slice(0, 400);
    if (this.findings.has(key)) return;
    this.findings.set(key, { address, rule, detail });
    console.log(`FINDING ${rule}: ${address}\n    ${detail}`);
  }

  // watch listens to what the browser complains about.
  watch(page, who) {
    page.on('console', (m) => {
      if (m.type() !== 'error' && m.type() !== 'warning') return;
      const where = m.location().url || page.url();
      // The browser says so for each page with a status above 399, and some
      // pages have to have one.
      if (/Failed to load resource/.test(m.text()) && samePage(where, page.url())) return;
      this.finding(page.url(), 'console', `${m.text()} (${where})`);
    });
    page.on('pageerror', (e) => this.finding(page.url(), 'script', e.message));
    page.on('requestfailed', (r) => {
      const why = r.failure()?.errorText || '';
      if (why !== 'net::ERR_ABORTED') this.finding(page.url(), 'request', `${r.url()} ${why}`);
    });
    page.on('response', (r) => {
      if (r.request().isNavigationRequest() && r.frame() === page.mainFrame()) page.lastAnswer = r;
      else if (r.status() >= 400) this.finding(page.url(), 'request', `${r.url()} ${r.status()}`);
    });
  }

  async note(person) {
    const { page, context } = person;
    const answer = page.lastAnswer;
    if (!answer || !samePage(answer.url(), page.url())) return;
    const headers = await answer.allHeaders();
    if (!/text\/html/.test(headers['content-type'] || '')) return;
    const body = await answer.text().catch(() => '');
    if (!body) return; // a page that leads on at once
    const cookies = await context.cookies(page.url());
    this.add({
      url: page.url().replace(/#.*/, ''), status: answer.status(), method: answer.request().method(), headers, body, who: person.name,
      cookie: cookies.map((c) => `${c.name}=${c.value}`).join('; '), lang: 'de',
    });
  }

  add(seen) {
    const title = seen.body.match(/<title>([^<]*)/)?.[1].trim() || '';
    const key = `${kind(seen.url)}|${seen.status}|${seen.lang}|${title}`;
    const before = this.pages.get(key);
    // The fuller page of a kind shows more that can be wrong.
    if (!before || before.body.length < seen.body.length) this.pages.set(key, { ...seen, title });
    return key;
  }
}

function samePage(a, b) {
  return a.replace(/#.*/, '') === b.replace(/#.*/, '');
}
