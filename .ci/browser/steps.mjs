// What several journeys do in the same way.
import { Person } from './person.mjs';

// login goes through the BundID simulator, starting at the page that offers
// to log in, and agrees to an account where the person has none.
export async function login(p, who, means) {
  const portal = new URL(p.page.url()).origin;
  await p.push('Mit BundID anmelden');
  await p.title('weitergeleitet');
  await p.push(/^Weiter$/);
  if (new URL(p.page.url()).origin === portal) throw p.fail('the simulator must have an origin of its own');
  await p.title('Als wen möchten Sie sich anmelden?');
  await p.push(new RegExp(`^${who}: ${means}`));
  await p.title('Diese Daten werden übermittelt');
  await p.push('Daten übermitteln');
  await p.push('Weiter zum Onlinedienst');
  if (new URL(p.page.url()).origin !== portal) throw p.fail('did not come back to the portal');
  if (!p.page.url().includes('/konto/einrichten')) return;
  await p.title('Ihr Konto einrichten');
  await p.push('Konto einrichten');
  await p.title('Ihr Konto einrichten');
  await p.sees('Setzen Sie das Häkchen');
  await p.check('Ich willige ein.');
  await p.push('Konto einrichten');
}

// place chooses a place that its name alone tells.
export async function place(p, name) {
  await p.goto('/');
  await p.fill('Postleitzahl oder Ort', name);
  await p.push('Ort wählen');
  await p.push(/übernehmen$/);
  await p.sees('Ihr Ort', name);
}

export const next = (p) => p.push('Speichern und weiter');

// mistake looks at the error summary and follows its link to the field.
export async function mistake(p, field, words) {
  await p.sees(words);
  if (!/^Fehler/.test(await p.page.title())) throw p.fail(`the title does not begin with the error: ${await p.page.title()}`);
  const link = p.page.locator('.error-summary a').first();
  const target = (await link.getAttribute('href')).slice(1);
  await p.tabTo((await link.innerText()).replace(/\s+/g, ' ').trim(), { role: 'link' });
  await p.press('Enter');
  const f = await p.focus();
  if (!f.html.includes(`id="${target}"`)) throw p.fail(`the link of the summary leads to ${f.html || f.tag}, not to ${target}`);
  if (!f.html.includes('aria-invalid') && f.type !== 'radio') throw p.fail(`the field is not marked: ${f.html}`);
}

// staff opens a second browser and signs in at the OpenID provider.
export async function staff(browser, base, recorder, who) {
  const p = await Person.open(browser, who, base, recorder);
  await p.goto('/amt');
  await p.title('Anmeldung für Mitarbeitende');
  await p.push('Mit dem Anmeldedienst anmelden');
  await p.sees('Wer möchten Sie sein?');
  await p.push(who);
  return p;
}

// until opens a page again until it holds the words: what other systems do
// takes a moment.
export async function until(p, path, ...words) {
  const end = Date.now() + 30_000;
  do {
    await p.goto(path);
    const text = await p.text();
    if (words.every((w) => text.includes(w))) return;
    await new Promise((done) => setTimeout(done, 300));
  } while (Date.now() < end);
  await p.sees(...words);
}
