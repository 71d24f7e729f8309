// The ways through the portal that must work for everybody. Each is a
// function of (browser, base, recorder); lanes says which run side by side.
import { Person } from './person.mjs';
import { photo, pdf } from './files.mjs';
import { login, place, next, mistake, staff, until } from './steps.mjs';

// dog answers the questions about one dog, on the page that is shown.
async function dog(p, name, breed, extra = async () => {}) {
  await p.fill('Name des Hundes', name);
  await p.fill('Rasse', breed);
  await p.date('Geburtsdatum des Hundes', 4, 5, 2023);
  await p.date('Gehalten seit', 1, 11, 2026);
  await p.choose('Haftpflichtversicherung', 'Nein');
  await extra();
  await p.choose('Gilt der Hund als gefährlich?', 'Nein');
  await next(p);
}

// main is the whole way of an application: find, log in, apply, receive, work
// on it, read the decision.
export async function main(browser, base, recorder) {
  const p = await Person.open(browser, 'Meike Harms', base, recorder);

  // 1. Find: a postcode that two municipalities share, a search with a slip.
  await p.goto('/');
  await p.tabTo('Zum Inhalt springen', { role: 'link' });
  await p.page.keyboard.press('Enter');
  await p.fill('Postleitzahl oder Ort', '27898');
  await p.push('Ort wählen');
  await p.title('Welcher Ort ist Ihrer?');
  await p.sees('Hagenbüttel', 'Stadt Altenwehr');
  await p.choose('Zu „27898“ gehören mehrere Orte', 'Stadt Altenwehr');
  await p.push('Ort übernehmen');
  await p.sees('Stadt Altenwehr');
  await p.tabTo('Zum Inhalt springen', { role: 'link' });
  await p.page.keyboard.press('Enter');
  await p.fill('Dienstleistung suchen', 'hundesteur');
  await p.press('Enter');
  await p.title('Ergebnisse für „hundesteur“');
  await p.follow(/^Hund anmelden$/);
  await p.title('Hund anmelden');
  await p.sees('Das brauchen Sie', 'Kosten', '72,00', 'Fristen', 'Öffnungszeiten', 'Aufzug');

  // 2. Log in.
  await p.follow('Online-Antrag starten');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Meike Harms', 'Online-Ausweis');
  await p.title('Hund anmelden');

  // 3. Apply.
  await p.push('Antrag beginnen');
  await p.title('Wo wohnen Sie?');
  await p.choose('Gemeinde', 'Stadt Altenwehr');
  await next(p);
  await p.title('Angaben zur Person');
  await p.sees('Verifiziert mit BundID (Online-Ausweis)');
  const given = await p.tabTo('Vorname', { role: 'textbox' });
  await p.page.keyboard.type('X');
  if (/X"/.test((await p.focus()).html)) throw p.fail('a verified answer can be changed');
  if (!given.described.includes('Verifiziert')) throw p.fail(`the mark is not read with the field: ${given.described}`);
  await p.fill('E-Mail-Adresse', 'meike.harms@example');
  await next(p);
  await mistake(p, 'E-Mail-Adresse', 'nicht vollständig');
  await p.page.keyboard.press('Control+A');
  await p.page.keyboard.insertText('meike.harms@example.org');
  await next(p);
  await p.title('Hunde');
  await next(p);
  await p.sees('Bitte legen Sie mindestens 1 Eintrag an');
  await p.follow('Eintrag hinzufügen: Hund');
  await p.title('Hund');
  await dog(p, 'Bello', 'Labrador', async () => {
    await p.upload('Sachkundenachweis', photo('Sachkunde Foto.png'));
  });
  await p.title('Hunde');
  await p.sees('Bello', 'Sachkunde Foto.png');
  await p.follow('Weiterer Eintrag: Hund');
  await dog(p, 'Ronja Größenwahn', 'Mischling');
  await p.sees('Bello', 'Ronja Größenwahn');
  await next(p);
  await p.title('Zahlung der Steuer');
  await p.choose('Wie möchten Sie zahlen?', 'SEPA-Lastschrift');
  await next(p);
  await p.sees('weitere Fragen');
  await p.fill('IBAN', 'DE02120300000000202051');
  await p.fill('Kontoinhaber', 'Meike Harms');
  await p.check('Ich ermächtige die zuständige Kasse');
  await next(p);
  await p.title('Angaben prüfen');
  await p.sees('Bello', 'Ronja Größenwahn', 'Verifiziert mit BundID', 'DE02');
  await p.follow('Ändern Zahlung der Steuer');
  await p.title('Zahlung der Steuer');
  await p.push('Zurück zu „Angaben prüfen“');
  await p.title('Angaben prüfen');
  await p.push('Antrag absenden');
  await mistake(p, 'Ich gebe diese Erklärung ab.', 'bestätigen Sie die Erklärung');
  await p.page.keyboard.press('Space');
  await p.push('Antrag absenden');

  // 4. Receive.
  await p.title('Ihr Antrag ist eingegangen');
  const reference = (await p.text()).match(/AW-\d\d-[0-9A-Z]{4}-[0-9A-Z]{4}/)?.[0];
  if (!reference) throw p.fail('no reference');
  await p.page.reload();
  await p.arrived();
  await p.sees(reference);
  await p.follow('Kopie ansehen und drucken');
  await p.sees(reference, 'Bello', 'Ronja Größenwahn', 'Prüfwert');
  await p.follow('Zurück zum Antrag');
  await p.sees(reference, 'Eingegangen');
  await p.follow(/^Postkorb/);
  await p.title('Postkorb');
  await p.follow(reference);
  await p.sees('Eingangsbestätigung');

  // 5. Work on it.
  const clerk = await staff(browser, base, recorder, 'Wiebke Harms');
  await clerk.title('Eingangskorb');
  await clerk.sees('Hund anmelden', reference);
  await clerk.follow(reference);
  await clerk.title(`Vorgang ${reference}`);
  await clerk.sees('hoch', 'Online-Ausweis', 'verifiziert', 'Ronja Größenwahn');
  await clerk.push('Übernehmen');
  await clerk.follow('Vermerk schreiben');
  await clerk.push('Vermerk speichern');
  await mistake(clerk, 'Text', 'Geben Sie einen Text ein');
  await clerk.page.keyboard.insertText('Rasse der Hündin klären.');
  await clerk.push('Vermerk speichern');
  await clerk.sees('Rasse der Hündin klären.');
  await clerk.follow('Wiedervorlage anlegen');
  await clerk.date('Wiedervorlage am', 14, 12, 2026);
  await clerk.fill('Anlass', 'Nachweis da?');
  await clerk.push('Wiedervorlage speichern');
  await clerk.sees('Nachweis da?');
  await clerk.follow('Unterlagen nachfordern');
  await clerk.fill('Betreff', 'Bitte reichen Sie einen Nachweis nach');
  await clerk.fill('Text', 'Uns fehlt noch ein Nachweis.');
  await clerk.fill(/^Unterlagen/, 'Heimtierausweis');
  await clerk.push('Nachforderung senden');
  await clerk.sees('Die Nachforderung ist gesendet.');

  await p.follow(/^Postkorb/);
  await p.sees('ungelesen');
  await p.follow(reference);
  await p.sees('Bitte reichen Sie einen Nachweis nach', 'Heimtierausweis');
  await p.push('Datei senden: Heimtierausweis');
  await mistake(p, 'Heimtierausweis', /./);
  await p.upload('Heimtierausweis hochladen', photo('Ausweis.png'));
  await p.push('Datei senden: Heimtierausweis');
  await p.sees('Ausweis.png');

  await clerk.goto(new URL(clerk.page.url()).pathname);
  await clerk.sees('Ausweis.png');
  await clerk.follow('Prüfen: Heimtierausweis');
  await clerk.choose('Wie ist die Unterlage?', 'Annehmen');
  await clerk.push('Ergebnis speichern');
  await clerk.follow('Bescheid oder Ergebnis erteilen');
  await clerk.choose('Ergebnis', 'bewilligt');
  await clerk.fill('Betreff', 'Ihr Hundesteuerbescheid');
  await clerk.fill('Text', 'Ihre Hunde sind angemeldet. Der Bescheid liegt bei.');
  await clerk.upload('Dokument als PDF', pdf('Bescheid.pdf'));
  await clerk.push('Erteilen und Vorgang abschließen');
  await clerk.sees('Entschieden: bewilligt');

  await p.follow(/^Postkorb/);
  await p.follow(reference);
  await p.sees('Ihr Hundesteuerbescheid', 'Bescheid.pdf', 'Entschieden: bewilligt');
  await p.follow('Zum Antrag');
  await p.sees('Entschieden: bewilligt', 'Bescheid.pdf');
  await p.follow(/^Mein Konto/);
  await p.title('Mein Konto');
  await p.push('Abmelden');
  await p.title('Sie sind abgemeldet');
  await clerk.push('Abmelden');
  await clerk.sees('Sie sind abgemeldet');
  await Promise.all([p.context.close(), clerk.context.close()]);
}

// library is the application for which nobody has to log in.
export async function library(browser, base, recorder) {
  const p = await Person.open(browser, 'Besucherin', base, recorder);
  await place(p, 'Altenwehr');
  await p.fill('Dienstleistung suchen', 'Büchereiausweis');
  await p.press('Enter');
  await p.follow(/^Büchereiausweis/);
  await p.follow('Online-Antrag starten');
  await p.push('Antrag beginnen');
  await p.title('Angaben zur Person');
  await next(p);
  await mistake(p, 'Vorname', 'Vorname: Bitte füllen Sie dieses Feld aus.');
  await p.page.keyboard.insertText('Ada');
  await p.fill('Nachname', 'Ümlaut-Żółć');
  await p.date('Geburtsdatum', 31, 2, 1990);
  await p.fill('Straße und Hausnummer', 'Deichstraße 3');
  await p.fill('Postleitzahl', '27899');
  await p.fill(/^Ort/, 'Altenwehr');
  await p.fill('E-Mail-Adresse', 'ada@example.org');
  await next(p);
  await mistake(p, 'Geburtsdatum', 'Dieses Datum gibt es nicht');
  await p.date('Geburtsdatum', 3, 4, 2012);
  await next(p);
  await p.title('Zustimmung der Eltern');
  await p.push(/^Zurück/);
  await p.title('Angaben zur Person');
  await p.date('Geburtsdatum', 3, 4, 1990);
  await next(p);
  await p.title('Nutzung');
  await p.check('Bücher');
  await p.check('Digitale Medien');
  await p.check('Ich erkenne die Benutzungsordnung');
  await next(p);
  await p.title('Angaben prüfen');
  await p.check('Ich gebe diese Erklärung ab.');
  await p.push('Antrag absenden');
  await p.title('Ihr Antrag ist eingegangen');
  await p.sees('Bitte notieren Sie die Vorgangsnummer');
  await p.follow('Kopie ansehen und drucken');
  await p.sees('Ada', 'Ümlaut-Żółć');
  await p.follow('Zurück zum Antrag');
  await p.sees('Antrag ohne Konto');
  await p.context.close();
}

// residence needs the highest level: the person comes with less, is told so,
// steps up and finds the draft as it was.
export async function residence(browser, base, recorder) {
  const p = await Person.open(browser, 'Hinnerk Lüders', base, recorder);
  await p.goto('/antrag/neu/hund-anmelden');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Hinnerk Lüders', 'Benutzername und Passwort');
  await p.push('Antrag beginnen');
  await p.push('Zwischenspeichern');
  await p.sees('Ihre Angaben sind gespeichert.');
  await p.goto('/antrag/neu/meldebescheinigung?ort=033990004004');
  await p.sees('stärkere Anmeldung');
  await p.follow(/^Mit BundID anmelden$/);
  await p.sees('höheres Vertrauensniveau');
  await login(p, 'Hinnerk Lüders', 'Online-Ausweis');
  await p.push('Antrag beginnen');
  await p.title('Angaben zur Person');
  await next(p);
  await p.title('Die Bescheinigung');
  await p.select('Wofür brauchen Sie die Bescheinigung?', 'Eheschließung');
  await p.choose('Welche Bescheinigung brauchen Sie?', 'Erweitert');
  await p.choose('Für wen ist die Bescheinigung?', 'Nur für mich');
  await next(p);
  await p.title('Zustellung');
  await p.choose('Wie möchten Sie die Bescheinigung erhalten?', 'Abholung');
  await next(p);
  await p.title('Dafür ist eine andere Stelle zuständig'); // he lives in the next municipality
  await p.sees('Hagenbüttel', 'Bürgerbüro', 'Ihr Entwurf bleibt');
  await p.follow('Ort ändern');
  await p.fill('Postleitzahl', '27899');
  await p.fill(/^Ort$/, 'Altenwehr');
  await next(p);
  await p.title('Die Bescheinigung');
  await next(p);
  await next(p);
  await p.title('Angaben prüfen');
  await p.follow(/Lüders|LÜDERS/);
  await p.title('Mein Konto');
  await p.sees('Hund anmelden', 'Meldebescheinigung');
  await p.goto('/entwuerfe');
  await p.sees('Hund anmelden', 'Meldebescheinigung');
  await p.follow(/^Löschen.*Hund anmelden/);
  await p.title('Entwurf löschen');
  await p.push('Entwurf löschen');
  await p.sees('ist gelöscht');
  await p.follow(/Weiter ausfüllen/);
  await p.goto('/konto/daten');
  await p.push('Speichern');
  for (const path of ['/konto/trennen', '/konto/loeschen', '/antraege', '/postkorb', '/postkorb?ordner=archiv', '/gibt-es-nicht']) await p.goto(path);
  await p.context.close();
}

// reader goes to the pages that are there for everybody.
export async function reader(browser, base, recorder) {
  const p = await Person.open(browser, 'Leserin', base, recorder);
  const paths = ['/impressum', '/datenschutz', '/barrierefreiheit', '/leichte-sprache', '/gebaerdensprache', '/hilfe', '/cookies', '/lizenzen',
    '/ort', '/ort?q=Atlantis', '/ort?q=27899', '/suche?q=xyzxyz', '/suche', '/dienstleistungen', '/dienstleistungen?buchstabe=H', '/lebenslagen',
    '/einrichtungen', '/anmelden', '/anmelden?weiter=/konto&stufe=3', '/anmelden/fehler', '/postkorb', '/konto', '/antraege', '/entwuerfe',
    '/gibt-es-nicht', '/dienstleistung/X/Y', '/einrichtung/X/Y', '/antrag/neu/gibt-es-nicht', '/antrag/gibt-es-nicht', '/antraege/gibt-es-nicht',
    '/abgemeldet', '/amt/anmelden', '/amt/vorgang/x', '/suche?q=%00', '/hilfe?ort=quatsch', '/antrag/neu/hund-anmelden', '/antrag/neu/allgemeines-anliegen'];
  for (const path of paths) await p.goto(path);
  await p.goto('/lebenslagen');
  await p.follow('Tiere');
  await p.follow('Hund anmelden');
  await p.sees('Lohmoor', 'Hagenbüttel'); // no place chosen: the costs of all
  await p.goto('/einrichtungen');
  await p.follow('Bürgerbüro');
  await p.goto('/hilfe');
  await p.follow('Barriere melden');
  await p.push('Meldung absenden');
  await mistake(p, 'Was ist das Problem?', 'Beschreiben Sie das Problem.');
  await p.page.keyboard.insertText('Die Schrift ist zu klein.');
  await p.push('Meldung absenden');
  await p.title('Ihre Meldung ist angekommen');
  await p.goto('/');
  await p.follow('English');
  await p.sees('Search');
  await p.follow('Deutsch');
  await p.context.close();
}

// guest logs in once, without an account, after breaking off the first time.
export async function guest(browser, base, recorder) {
  const p = await Person.open(browser, 'Thorsten Ehlers', base, recorder);
  await p.goto('/anmelden');
  await p.push('Mit BundID anmelden');
  await p.push(/^Weiter$/);
  await p.goto(new URL('/', p.page.url()).href);
  await p.title('BundID-Simulator');
  await p.goto(new URL('/idp/fehler?idp.code=x', p.page.url()).href);
  await p.goto('/anmelden');
  await p.push('Mit BundID anmelden');
  await p.push(/^Weiter$/);
  await p.push('Abbrechen');
  await p.push('Weiter zum Onlinedienst');
  await p.title('Sie haben die Anmeldung abgebrochen');
  await p.follow('Noch einmal anmelden');
  await p.push('Einmalig ohne Konto anmelden');
  await p.push(/^Weiter$/);
  await p.push(/^Thorsten Ehlers: Temporär mit Online-Ausweis/);
  await p.push('Daten übermitteln');
  await p.push('Weiter zum Onlinedienst');
  for (const path of ['/konto', '/postkorb', '/antraege', '/entwuerfe', '/konto/daten', '/anmelden']) await p.goto(path);
  await p.goto('/antrag/neu/allgemeines-anliegen?ort=033990004004');
  await p.push('Antrag beginnen');
  await next(p);
  await p.context.close();
}

// account is the citizen with the longest history in the demo.
export async function account(browser, base, recorder) {
  const p = await Person.open(browser, 'Jonas Brandt', base, recorder);
  await p.goto('/konto');
  await login(p, 'Jonas Brandt', 'Benutzername und Passwort');
  await p.goto('/konto');
  await p.title('Mein Konto');
  await p.follow('Meine Anträge');
  const cases = await p.page.locator('main a[href^="/antraege/"]').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  for (const path of new Set(cases)) await p.goto(path);
  for (const path of new Set(cases)) {
    await p.goto(`${path}/kopie`);
    await p.goto(path);
    if (!(await p.text()).includes('Antrag zurückziehen')) continue;
    await p.follow('Nachricht oder Unterlagen nachreichen');
    await p.push('Nachricht senden');
    await mistake(p, 'Ihre Nachricht', /./);
    await p.page.keyboard.insertText('Ich reiche ein Foto nach.');
    await p.upload('Dateien', photo('Foto.png'));
    await p.push('Nachricht senden');
    await p.sees('Ihre Nachricht ist beim Amt.');
    await p.goto(path);
    await p.follow('Antrag zurückziehen');
    await p.title('Antrag zurückziehen');
    await p.push('Antrag zurückziehen');
    await p.sees('zurückgezogen');
    break;
  }
  await p.goto('/postkorb');
  const threads = await p.page.locator('main .inbox a').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  for (const path of threads) await p.goto(path);
  await p.push('Archivieren');
  await p.sees('Archiv');
  await p.goto('/postkorb?ordner=archiv');
  await p.goto('/konto/daten');
  await p.fill('E-Mail-Adresse', 'keine');
  await p.push('Speichern');
  await mistake(p, 'E-Mail-Adresse', 'E-Mail-Adresse');
  for (const path of ['/konto/trennen', '/konto/loeschen', '/abgemeldet?grund=getrennt']) await p.goto(path);
  await p.context.close();
}

// desk shows the pages of the staff that the main way does not come through.
export async function desk(browser, base, recorder) {
  let p = await Person.open(browser, 'Amt', base, recorder);
  await p.goto('/amt');
  await p.push('Mit dem Anmeldedienst anmelden');
  await p.push('Abbrechen');
  await p.sees('Anmeldung abgebrochen');
  await p.push('Mit dem Anmeldedienst anmelden');
  const provider = p.page.url();
  await p.goto(provider.replace(/\/authorize.*/, '/'));
  await p.goto(provider.replace(/client_id=[^&]*/, 'client_id=x'));
  await p.context.close();

  p = await staff(browser, base, recorder, 'Birgit Lüken');
  for (const path of ['/amt/meine', '/amt/wiedervorlagen', '/amt/abgeschlossen', '/amt/gibt-es-nicht', '/amt/vorgang/gibt-es-nicht']) await p.goto(path);
  await p.goto('/amt/eingang');
  await p.select('Status', 'In Bearbeitung');
  await p.push('Anwenden');
  await p.goto('/amt/eingang');
  await p.fill('Vorgangsnummer oder Name', 'gibt es nicht');
  await p.push('Anwenden');
  await p.sees('Keine Vorgänge');
  const found = [];
  for (const list of ['/amt/eingang', '/amt/abgeschlossen']) {
    await p.goto(list);
    found.push(...(await p.page.locator('main .row-link').evaluateAll((links) => links.slice(-6).map((a) => a.getAttribute('href')))));
    if (found.length === 0) throw p.fail('no cases');
  }
  for (const path of found) {
    await p.goto(path);
    const message = await p.page.locator('main a[href*="/nachricht/"]').first().getAttribute('href', { timeout: 200 }).catch(() => '');
    if (message) await p.goto(message);
  }
  const work = found[3]; // an older one: the newest belongs to another journey
  for (const [link, button] of [['Rückfrage stellen', 'Rückfrage senden'], ['Mitteilung senden', 'Mitteilung senden'], ['Bescheid oder Ergebnis erteilen', 'Erteilen'],
    ['Status ändern', 'Status ändern'], ['Wiedervorlage anlegen', 'Wiedervorlage speichern'], ['Unterlagen nachfordern', 'Nachforderung senden']]) {
    await p.goto(work);
    if (!(await p.text()).includes(link)) continue;
    await p.follow(link);
    await p.push(button); // empty: what is missing is said
  }
  await p.goto(work);
  await p.follow('Zuweisen');
  await p.select('Person', 'Jens Cordes');
  await p.push('Zuweisen');
  await p.sees('Der Vorgang ist zugewiesen.', 'Jens Cordes');
  await p.context.close();

  for (const who of ['Uwe Hinrichs', 'Anke Dierks', 'Holger Tapken', 'Ingrid Rohde']) {
    p = await staff(browser, base, recorder, who);
    const first = await p.page.locator('main .row-link').first().getAttribute('href', { timeout: 200 }).catch(() => '');
    if (first) await p.goto(first);
    if (who === 'Anke Dierks') await p.sees('Sie vertreten');
    await p.push('Abmelden');
    const out = await p.page.locator('main a', { hasText: 'Auch beim Anmeldedienst abmelden' }).count();
    if (out) await p.follow('Auch beim Anmeldedienst abmelden');
    await p.context.close();
  }
}

// tester goes through the pages for testers; the other journeys must be over,
// since the last page puts everything back.
export async function tester(browser, base, recorder) {
  const p = await Person.open(browser, 'Testerin', base, recorder);
  for (const path of ['/test', '/test/vorgaenge', '/test/uebergaben', '/test/adressen', '/test/uhr', '/test/mails']) await p.goto(path);
  const mail = await p.page.locator('main a[href^="/test/mails/"]').first().getAttribute('href', { timeout: 500 }).catch(() => '');
  if (mail) await p.goto(mail);
  await p.goto('/test/uhr');
  await p.push('Uhr stellen');
  await p.push('15 Tage weiter');
  await p.sees('Die Uhr ist gestellt.');
  await until(p, '/test/buchungen', '32,00'); // written once a day
  const till = await staff(browser, base, recorder, 'Holger Tapken');
  await till.goto('/amt/kasse');
  await till.sees('Datei 1 herunterladen');
  await till.context.close();
  await p.goto('/');
  await p.goto('/test/uhr');
  await p.push('Echte Zeit verwenden');
  await p.goto('/test/zuruecksetzen');
  await p.push('Jetzt zurücksetzen');
  await mistake(p, 'Ja, alles zurücksetzen', 'Bestätigen Sie');
  await p.context.close();
}
