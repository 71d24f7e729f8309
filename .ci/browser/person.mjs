// A person who has a keyboard only. Each step waits until the page that the
// step leads to is there, notes it for the checks of pages, and looks at each
// stop of the Tab key: it must be seen and must have a name.
import fs from 'node:fs/promises';

const maxStops = 250;
const squeeze = (s) => (s || '').replace(/\s+/g, ' ').replace(/ ([:,.])/g, '$1').trim();
const fits = (have, want) => (want instanceof RegExp ? want.test(have) : have.includes(want));

// Runs in the page on the element that has the focus.
function describe() {
  const el = this;
  const box = el.getBoundingClientRect();
  const seen = (e, part) => {
    const s = getComputedStyle(e, part);
    if (part && s.content === 'none') return false;
    const solid = (c) => !/rgba\(\d+, \d+, \d+, 0\)|transparent/.test(c);
    return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 && solid(s.outlineColor)) || s.boxShadow !== 'none';
  };
  const legend = el.closest('fieldset')?.querySelector('legend');
  return {
    tag: el.tagName,
    type: el.type || '',
    group: legend ? legend.textContent : '',
    checked: !!el.checked,
    open: el.tagName === 'SUMMARY' && el.parentElement.open,
    option: el.tagName === 'SELECT' ? el.selectedOptions[0]?.label || '' : '',
    ring: seen(el) || seen(el, '::after') || seen(el, '::before') || (el.parentElement && seen(el.parentElement)),
    inView: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    html: el.outerHTML.replace(el.innerHTML, '').slice(0, 1000),
  };
}

export class Person {
  // open gives the person a browser window without JavaScript.
  static async open(browser, name, base, recorder, options = {}) {
    const context = await browser.newContext({
      javaScriptEnabled: false, locale: 'de-DE', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const p = new Person();
    Object.assign(p, { name, base, context, page, recorder, stops: 0, cdp: await context.newCDPSession(page) });
    recorder.watch(page, name);
    return p;
  }

  fail(message) {
    return new Error(`${this.name}: ${message}\n  on ${this.page.url()}`);
  }

  async goto(path) {
    await this.page.goto(new URL(path, this.base).href);
    await this.arrived();
  }

  // arrived notes the page that is now there.
  async arrived() {
    await this.page.waitForLoadState('load');
    await this.recorder.note(this);
  }

  // focus tells what has the focus, with the name that a screen reader says.
  async focus() {
    const { result } = await this.cdp.send('Runtime.evaluate', { expression: 'document.activeElement' });
    if (!result.objectId) return { role: '', name: '', tag: '' };
    const [{ nodes }, info] = await Promise.all([
      this.cdp.send('Accessibility.getPartialAXTree', { objectId: result.objectId, fetchRelatives: false }),
      this.cdp.send('Runtime.callFunctionOn', { objectId: result.objectId, functionDeclaration: describe.toString(), returnByValue: true }),
    ]);
    this.cdp.send('Runtime.releaseObject', { objectId: result.objectId }).catch(() => {});
    const node = nodes[0] || {};
    return {
      ...info.result.value,
      group: squeeze(info.result.value.group),
      role: node.role?.value || '',
      name: squeeze(node.name?.value),
      described: squeeze(node.description?.value),
    };
  }

  // tabTo presses Tab until an element with the name has the focus.
  async tabTo(want, { role, group, back = false } = {}) {
    const passed = [];
    let rounds = 0;
    for (let i = 0; i < maxStops; i++) {
      await this.page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
      let f = await this.focus();
      for (let wait = 0; f.inView === false && wait < 8; wait++) {
        await new Promise((done) => setTimeout(done, 150)); // scrolling takes a moment
        f = await this.focus();
      }
      if (f.tag === 'BODY' || f.tag === 'HTML' || f.tag === '') {
        if (++rounds > 1) break;
        passed.length = 0;
        continue;
      }
      this.stops++;
      if (!f.ring) this.recorder.finding(this.page.url(), 'focus', `nothing shows the focus: ${f.html}`);
      if (!f.inView) this.recorder.finding(this.page.url(), 'focus', `the focus is out of sight: ${f.html}`);
      if (!f.name) this.recorder.finding(this.page.url(), 'focus', `no name: ${f.html}`);
      passed.push(`${f.role} "${f.name}"`);
      const named = f.role === 'radio' && group !== undefined ? true : fits(f.name, want);
      if (named && (!role || f.role === role) && (group === undefined || fits(f.group, group))) return f;
    }
    throw this.fail(`Tab does not reach ${role || 'element'} ${want}${group ? ` in ${group}` : ''}; stops: ${passed.join(', ')}`);
  }

  // press presses a key that leads to another page.
  async press(key = 'Enter') {
    const frame = this.page.mainFrame();
    const moved = this.page.waitForEvent('framenavigated', { predicate: (f) => f === frame });
    await this.page.keyboard.press(key);
    await moved;
    await this.arrived();
  }

  // follow goes to a link and follows it.
  async follow(name, options = {}) {
    await this.tabTo(name, { role: 'link', ...options });
    await this.press('Enter');
  }

  // push goes to a button and presses it, with the space bar as with Enter.
  async push(name, options = {}) {
    await this.tabTo(name, { role: 'button', ...options });
    this.odd = !this.odd;
    await this.press(this.odd ? 'Enter' : 'Space');
  }

  // unfold opens a part of the page that is folded up.
  async unfold(name) {
    const f = await this.tabTo(name, { role: 'DisclosureTriangle' });
    if (!f.open) await this.page.keyboard.press('Enter');
  }

  async fill(label, text, options = {}) {
    const f = await this.tabTo(label, options);
    if (!/textbox|searchbox|spinbutton|combobox/.test(f.role)) throw this.fail(`${label} is a ${f.role}`);
    await this.page.keyboard.press('Control+A');
    if (text === '') await this.page.keyboard.press('Delete');
    else await this.page.keyboard.insertText(text);
    return f;
  }

  // date types day, month and year into the three fields of a group.
  async date(group, day, month, year) {
    await this.fill('Tag', String(day), { role: 'textbox', group });
    await this.fill('Monat', String(month), { role: 'textbox', group });
    await this.fill('Jahr', String(year), { role: 'textbox', group });
  }

  // choose goes to a group of radio buttons and takes one with the arrows.
  async choose(group, option, how = {}) {
    let f = await this.tabTo('', { role: 'radio', group, ...how });
    for (let i = 0; i < 60; i++) {
      if (fits(f.name, option)) {
        if (!f.checked) await this.page.keyboard.press('Space');
        return;
      }
      await this.page.keyboard.press('ArrowDown');
      f = await this.focus();
    }
    throw this.fail(`${group} has no choice ${option}`);
  }

  async check(name, options = {}) {
    const f = await this.tabTo(name, { role: 'checkbox', ...options });
    if (!f.checked) await this.page.keyboard.press('Space');
  }

  // select goes through the options of a list with the arrow.
  async select(label, option) {
    let f = await this.tabTo(label, { role: 'combobox' });
    const first = f.option;
    for (let i = 0; i < 60; i++) {
      if (fits(f.option, option)) return;
      await this.page.keyboard.press('ArrowDown');
      f = await this.focus();
    }
    throw this.fail(`${label} has no option ${option}, first is ${first}`);
  }

  // upload opens the dialogue of a file field and takes files.
  async upload(label, ...files) {
    const f = await this.tabTo(label);
    if (f.type !== 'file') throw this.fail(`${label} takes no file: ${f.html}`);
    // A busy machine may swallow the first press.
    for (let tries = 3; ; tries--) {
      const dialogue = this.page.waitForEvent('filechooser', { timeout: 5000 });
      await this.page.keyboard.press(tries % 2 ? 'Space' : 'Enter');
      try {
        await (await dialogue).setFiles(files);
        return;
      } catch (e) {
        if (tries === 1) throw this.fail(`${label} opens no dialogue: ${e.message}`);
      }
    }
  }

  async text() {
    return squeeze(await this.page.locator('body').innerText());
  }

  // sees fails unless the page holds all the words.
  async sees(...words) {
    const text = await this.text();
    for (const w of words) if (!fits(text, w)) throw this.fail(`${w} is missing:\n  ${text.slice(0, 2500)}`);
  }

  async seesNot(...words) {
    const text = await this.text();
    for (const w of words) if (fits(text, w)) throw this.fail(`${w} must not be here`);
  }

  // title fails unless the main heading holds the words.
  async title(want) {
    const h1 = squeeze(await this.page.locator('h1').first().innerText());
    if (!fits(h1, want)) throw this.fail(`heading is "${h1}", not ${want}: ${(await this.text()).slice(0, 1500)}`);
  }

  async screenshot(path) {
    await fs.writeFile(path, await this.page.screenshot());
  }
}
