// The ways on which the portal works together with other systems, offices and
// portals: pay, hand over, involve, find next door, try faults.
import { Person } from './person.mjs';
import { photo } from './files.mjs';
import { login, next, mistake, staff, until } from './steps.mjs';

const number = (text) => text.match(/[A-Z]{2}-\d\d-[0-9A-Z]{4}-[0-9A-Z]{4}/)?.[0];

// address reads from the tester's page where a simulator is.
async function address(base, words) {
  const page = await (await fetch(new URL('/test', base))).text();
  const row = page.split('<tr>').find((r) => r.includes(words) && r.includes('http://localhost'));
  if (!row) throw new Error(`no address of ${words}`);
  return row.match(/http:\/\/localhost:\d+/)[0];
}

// send hands in what stands on the page to check.
async function send(p, button) {
  await p.title('Angaben prüfen');
  await p.check('Ich gebe diese Erklärung ab.');
  await p.push(button);
}

// certificate is an order that is paid before it goes out: broken off, refused
// and paid at last, then handled by the office and seen by the treasury.
export async function certificate(browser, base, recorder) {
  const p = await Person.open(browser, 'Hinnerk Lüders', base, recorder);
  await p.goto('/antrag/neu/geburtsurkunde?ort=033990004004');
  await p.sees('15,00', '7,50', '2,00', 'Substantiell');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Hinnerk Lüders', 'Online-Ausweis');
  await order(p);
  const reference = number(await p.text());
  const pay = new URL(p.page.url()).pathname;

  const portal = new URL(p.page.url()).origin;
  for (const [card, said, state] of [[/Abbruch bei der Bank/, 'abgebrochen', 'Abgebrochen'], [/ohne Deckung/, 'abgelehnt', 'Fehlgeschlagen']]) {
    await p.push(/^(Jetzt|Erneut) bezahlen$/);
    if (new URL(p.page.url()).origin === portal) throw p.fail('the payment service must have an origin of its own');
    await p.title('Bezahlen');
    await p.choose('Womit möchten Sie bezahlen?', card);
    await p.push('32,00 € bezahlen');
    await p.title(said);
    await p.push('Zurück zum Portal');
    await p.title('Gebühr bezahlen');
    await p.sees(state, 'nichts abgebucht', reference);
  }
  await p.push('Erneut bezahlen');
  await p.goto(pay); // back without having paid
  await p.sees('noch nicht bezahlt');
  await p.push('Zahlung fortsetzen');
  await p.choose('Womit möchten Sie bezahlen?', /^Kreditkarte 0000 0000 0000 0101/);
  await p.push('32,00 € bezahlen');
  await p.title('Die Zahlung ist gelungen');
  await p.push('Zurück zum Portal');
  await p.sees('Bezahlt', 'Ihre Zahlung ist bestätigt.');
  await p.follow('Zahlungsbestätigung ansehen und drucken');
  await p.title('Zahlungsbestätigung');
  await p.sees(reference, '32,00', 'Kreditkarte', 'Standesamt', 'Kassenzeichen');
  await p.follow('Zur Zahlung');
  await p.follow('Zum Antrag');
  await p.sees(reference, 'Eingegangen', 'Bezahlt');
  const mine = new URL(p.page.url()).pathname;
  await p.goto('/antraege');
  await p.goto('/postkorb');
  await p.follow(reference);
  await p.sees('Zahlung offen', 'Zahlungsbestätigung', 'Eingangsbestätigung');

  const clerk = await staff(browser, base, recorder, 'Heike Janßen');
  await clerk.goto(`/amt/vorgang/${mine.split('/').pop()}`);
  await clerk.sees('Bezahlt', '32,00', reference);
  await clerk.push('Übernehmen');
  await clerk.follow('Bescheid oder Ergebnis erteilen');
  await clerk.choose('Ergebnis', 'Erledigt');
  await clerk.fill('Betreff', 'Ihre Geburtsurkunden');
  await clerk.fill('Text', 'Die Urkunden sind in der Post.');
  await clerk.push('Erteilen und Vorgang abschließen');
  await clerk.sees('Erledigt');
  await p.goto(mine);
  await p.sees('Erledigt');

  const till = await staff(browser, base, recorder, 'Holger Tapken');
  await till.goto('/amt/kasse');
  await till.sees('32,00', 'Kreditkarte');
  await till.title('Kasse');
  await Promise.all([p, clerk, till].map((x) => x.context.close()));
}

// order fills the form for three certificates and stands on the page to pay.
async function order(p) {
  await p.push('Antrag beginnen');
  await p.title('Ort der Geburt');
  await p.fill('Geburtsort', 'Altenwehr');
  await next(p);
  await p.title('Angaben zur Person');
  await next(p);
  await p.title('Die Person auf der Urkunde');
  await p.choose('Wessen Geburtsurkunde bestellen Sie?', 'Meine eigene');
  await next(p);
  await p.title('Art und Anzahl');
  await p.choose('Welche Urkunde brauchen Sie?', /^Geburtsurkunde/);
  await p.fill('Wie viele Ausfertigungen?', '3');
  await p.select('Wofür brauchen Sie die Urkunde?', 'Eheschließung');
  await next(p);
  await p.title('Zustellung');
  await p.choose('Wohin sollen wir die Urkunde senden?', 'An meine Anschrift');
  await next(p);
  await p.sees('32,00', 'Standesamt');
  await send(p, 'Weiter zur Zahlung');
  await p.title('Gebühr bezahlen');
  await p.sees('Offen', '32,00', 'Kassenzeichen', '15,00', 'Porto');
}

// deregister takes a dog from the register of the office, which then asks,
// wants a document and decides, all in its own pages.
export async function deregister(browser, base, recorder) {
  const p = await Person.open(browser, 'Meike Harms', base, recorder);
  await p.goto('/antrag/neu/hund-abmelden?ort=033990004004');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Meike Harms', 'Online-Ausweis');
  await p.push('Antrag beginnen');
  await p.title('Wo ist der Hund angemeldet?');
  await p.choose('Gemeinde', 'Stadt Altenwehr');
  await next(p);
  await p.title('Angaben zur Person');
  await next(p);
  await p.title('Ihr Hund');
  await p.sees('Emma', 'Wanda', 'Chipnummer');
  await p.seesNot('Käpt', 'Rufus');
  await next(p);
  await p.sees('Wählen Sie einen Hund aus');
  await p.choose('Welchen Hund möchten Sie abmelden?', /^Wanda/);
  await next(p);
  await p.title('Grund der Abmeldung');
  await p.choose('Warum melden Sie den Hund ab?', 'Der Hund ist gestorben');
  await p.date('Seit wann halten Sie den Hund nicht mehr?', 2, 11, 2026);
  await next(p);
  await p.sees('Wanda', 'Labrador');
  await send(p, 'Antrag absenden');
  await p.title('Ihr Antrag ist eingegangen');
  const reference = number(await p.text());
  await p.follow('Kopie ansehen und drucken');
  await p.sees('Wanda', 'aus dem Register des Amtes');
  await p.follow('Zurück zum Antrag');
  const mine = new URL(p.page.url()).pathname;

  const office = await Person.open(browser, 'Fachverfahren', base, recorder);
  const root = await address(base, 'Fachverfahren');
  for (const path of ['/hunderegister', '/ausgang', '/vorgaenge/gibt-es-nicht']) await office.goto(root + path);
  await until(office, `${root}/`, reference);
  await office.follow(reference);
  await office.title(`Vorgang ${reference}`);
  await office.sees('Wanda', 'Empfangsquittung');
  const file = office.page.url();
  await act(office, 'Eingang quittieren');
  await until(p, mine, 'In Bearbeitung');
  await office.goto(file);
  await office.unfold('Rückfrage stellen');
  await office.push('Rückfrage senden');
  await office.sees('Bitte prüfen Sie Ihre Eingaben');
  await office.fill(/^Frage/, 'Haben Sie die Hundemarke noch?');
  await office.push('Rückfrage senden');
  await act(office, 'Unterlagen nachfordern', 'Nachforderung senden', async () => {
    await office.fill(/^Unterlagen, eine/, 'Hundemarke (Foto)');
  });
  await until(p, mine, 'Rückfrage');
  await p.follow('Nachrichten im Postkorb lesen');
  await until(p, p.page.url(), 'Haben Sie die Hundemarke noch?', 'Hundemarke (Foto)');
  await p.upload('Hundemarke (Foto) hochladen', photo('Marke.png'));
  await p.push('Datei senden: Hundemarke (Foto)');
  await p.sees('Marke.png');
  await p.push('Antwort senden');
  await mistake(p, 'Antwort', /./);
  await p.page.keyboard.insertText('Ja, siehe Foto.');
  await p.push('Antwort senden');
  await until(office, file, 'Marke.png', 'Ja, siehe Foto.');
  await act(office, 'Stand melden', 'Stand melden', async () => {
    await office.choose('Stand', 'In Bearbeitung');
  });
  await act(office, 'Auskunft senden', 'Auskunft senden', async () => {
    await office.fill('Text', 'Der Bescheid kommt bald.');
  });
  await act(office, 'Bescheid erteilen', 'Bescheid erteilen', async () => {
    await office.choose('Ergebnis', /^bewilligt/i);
    await office.fill('Text', 'Wanda ist abgemeldet. Die Steuer endet im November.');
  });
  await until(office, `${root}/ausgang`, reference);
  await until(p, mine, 'Entschieden: bewilligt', '.pdf');
  await p.goto('/postkorb');
  await p.follow(reference);
  await p.sees('Wanda ist abgemeldet.', 'Entschieden: bewilligt');

  const clerk = await staff(browser, base, recorder, 'Wiebke Harms');
  await clerk.goto(`/amt/vorgang/${mine.split('/').pop()}`);
  await clerk.sees('Vom Fachverfahren übernommen', 'Bescheid aus dem Fachverfahren', 'Entschieden: bewilligt', 'aus dem Register, ausgewählt');

  // Somebody of whom nothing is in the register.
  await p.goto('/antrag/neu/hund-abmelden?ort=033990004004');
  await Promise.all([p, office, clerk].map((x) => x.context.close()));
}

// act opens a part of the page of the office, fills it and sends it.
async function act(p, part, button = part, fill = async () => {}) {
  await p.unfold(part);
  await fill();
  await p.push(button);
  await p.sees('Die Zustellung steht unten.');
}

// involve begins with what nobody is responsible for: the Poststelle sees the
// envelope only and hands it over. The new unit shows pieces of the case, then
// the whole of it, to another one, which answers, and hands it on in the end.
export async function involve(browser, base, recorder) {
  const p = await Person.open(browser, 'Jonas Brandt', base, recorder);
  await p.goto('/antrag/neu/allgemeines-anliegen?ort=033990004004');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Jonas Brandt', 'Benutzername und Passwort');
  await p.push('Antrag beginnen');
  await p.fill('Betreff', 'Zaun am Spielplatz', { role: 'textbox' });
  await p.fill('Beschreibung', 'Der Zaun hat ein Loch.', { role: 'textbox' });
  await p.upload('Anlagen', photo('Zaun.png'));
  await next(p);
  await p.choose('Wie möchten Sie die Antwort?', /Postkorb/);
  await next(p);
  await next(p);
  await send(p, 'Antrag absenden');
  await p.title('Ihr Antrag ist eingegangen');
  const reference = number(await p.text());
  await p.follow('Kopie ansehen und drucken');
  await p.follow('Zurück zum Antrag');
  const mine = new URL(p.page.url()).pathname;
  const work = `/amt/vorgang/${mine.split('/').pop()}`;

  const post = await staff(browser, base, recorder, 'Uwe Hinrichs');
  await post.title('Eingangskorb');
  await post.goto(work);
  await post.sees('Sie sehen nur die Umschlagdaten');
  await post.seesNot('Zaun', 'Vermerk schreiben', 'BRANDT');
  await post.follow(/^Abgeben$/);
  await post.select('Stelle', 'Steuern');
  await post.choose('Grund', 'anderer Grund');
  await post.push(/^Abgeben$/);
  await mistake(post, 'Hinweis', 'Erläutern Sie den Grund.');
  await post.page.keyboard.insertText('Bitte an die Verpachtung denken.');
  await post.push(/^Abgeben$/);
  await post.sees('Der Vorgang ist abgegeben.');
  await post.goto(work); // not theirs any more
  await until(p, '/postkorb', reference);
  await p.follow(reference);
  await p.sees('Eine andere Stelle ist jetzt für Ihren Antrag zuständig');

  const clerk = await staff(browser, base, recorder, 'Wiebke Harms');
  await clerk.goto(work);
  await clerk.sees('Zaun am Spielplatz', 'Zaun.png');
  const other = await staff(browser, base, recorder, 'Svenja Meiners');
  await other.goto('/amt/beteiligungen');
  await other.title('Beteiligungen');

  await clerk.follow('Andere Stelle beteiligen');
  await clerk.push('Beteiligen');
  await mistake(clerk, 'Stelle', /./);
  await ask(clerk, 'Eine Frage', async () => {
    await clerk.fill('Frage an die Stelle', 'Ist Frau Muster noch gemeldet?');
  });
  await clerk.sees('Die Stelle ist beteiligt.', 'Ist Frau Muster noch gemeldet?');

  await other.goto('/amt/beteiligungen');
  await other.follow(reference);
  await other.unfold('Warum sehe ich diesen Vorgang?');
  await other.sees('Sie sehen einen Teil des Vorgangs', 'nur mit einer Frage', 'Ist Frau Muster noch gemeldet?');
  await other.seesNot('Vermerke');
  await other.follow('Frage beantworten');
  await other.push(/senden$/);
  await mistake(other, 'Antwort', 'Geben Sie eine Antwort ein.');
  await other.page.keyboard.insertText('Ja, seit 2019.');
  await other.push(/senden$/);
  await other.sees('Die Antwort ist gesendet.');
  await clerk.goto(work);
  await clerk.sees('Antwort da', 'Ja, seit 2019.');
  await clerk.push('Als gelesen kennzeichnen');
  await clerk.sees('Die Antwort ist als gelesen gekennzeichnet.');

  await clerk.follow('Andere Stelle beteiligen');
  await ask(clerk, 'Einzelne Dokumente', async () => {
    await clerk.check(/\.(pdf|png|jpg)/i);
  });
  await other.goto('/amt/beteiligungen');
  await other.follow(reference);
  await other.unfold('Warum sehe ich diesen Vorgang?');
  await other.sees('nur mit diesen Dokumenten', 'Zaun.png');
  await clerk.push('Beteiligung beenden');
  await clerk.sees('Die Beteiligung ist beendet.');

  await clerk.follow('Andere Stelle beteiligen');
  await ask(clerk, 'Ganzer Vorgang');
  await other.goto('/amt/beteiligungen');
  await other.follow(reference);
  await other.title(reference);
  await other.unfold('Warum sehe ich diesen Vorgang?');
  await other.sees('Vermerke', 'am ganzen Vorgang beteiligt');
  await clerk.goto('/amt/beteiligungen');
  await clerk.sees(reference);

  await clerk.goto(work);
  await p.goto(mine);
  await p.sees('Bürgerbüro');
  await clerk.follow(/^Abgeben$/);
  await clerk.push(/^Abgeben$/);
  await mistake(clerk, 'Stelle', /./);
  await clerk.select('Stelle', 'Verkehr');
  await clerk.choose('Grund', 'andere Stelle ist zuständig');
  await clerk.choose('Soll Ihre Stelle weiter beteiligt bleiben?', /^Ja/);
  await clerk.fill('Warum bleibt Ihre Stelle beteiligt?', 'Der Bescheid ist noch offen.');
  await clerk.push(/^Abgeben$/);
  await clerk.sees('Der Vorgang ist abgegeben.', 'Verkehr', 'Der Bescheid ist noch offen.');
  await clerk.goto('/amt/beteiligungen');
  await Promise.all([p, post, clerk, other].map((x) => x.context.close()));
}

// ask fills the form of an involvement for the Bürgerbüro.
async function ask(p, scope, fill = async () => {}) {
  await p.select('Stelle', 'Bürgerbüro');
  await p.choose('Was darf die Stelle sehen?', scope);
  await fill();
  await p.choose('Grund', 'fachliche Einschätzung');
  await p.date('Endet spätestens am', 31, 12, 2026);
  await p.push('Beteiligen');
  await p.sees('Die Stelle ist beteiligt.');
}

// network finds services of others, with one of them silent, and applies at
// the portal of the Landkreis.
export async function network(browser, base, recorder) {
  const p = await Person.open(browser, 'Sabine Okafor', base, recorder);
  await p.goto('/portalverbund');
  await p.sees('Landkreis Weserheide', 'Samtgemeinde Lohmoor', 'Abfallwirtschaft Weserheide', 'Stadtwerke Altenwehr');
  await p.goto('/suche?ort=033990004004&q=Wasser');
  await p.sees('Stadtwerke Altenwehr');
  await until(p, '/suche?ort=033990004004&q=Sperrm%C3%BCll', 'Angebot von', 'Abfallwirtschaft Weserheide');
  await p.follow(/^Sperrmüll als Express-Abholung/);
  if (p.page.url().startsWith(base)) throw p.fail('the waste company must have an origin of its own');
  const company = new URL(p.page.url()).origin;
  for (const path of ['/', '/gibt-es-nicht', '/sperrmuell']) await p.goto(company + path);
  await p.push('Sperrmüll anmelden');
  await p.sees('Bitte prüfen Sie Ihre Angaben');
  await p.fill('Straße und Hausnummer', 'Deichstraße 3', { role: 'textbox' });
  await p.select(/^Ort/, 'Altenwehr');
  await p.fill('Was sollen wir abholen?', 'Ein Sofa.', { role: 'textbox' });
  await p.push('Sperrmüll anmelden');
  await p.sees('Wir holen Ihren Sperrmüll am');
  for (const path of await p.page.locator('main a').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) await p.goto(company + path);

  await until(p, '/suche?ort=033990004004&q=Jagdschein', 'Jagdschein beantragen', 'Landkreis Weserheide (andere Internetseite)');
  await p.follow(/Landkreis Weserheide.*Jagdschein beantragen/);
  const district = new URL(p.page.url()).origin;
  if (district === new URL(base).origin) throw p.fail('the Landkreis must have a portal of its own');
  recorder.portals.add(new URL(district).host);
  await p.title('Jagdschein beantragen');
  await p.sees('Landkreis Weserheide', 'Stadt Altenwehr');
  await p.follow('Online-Antrag starten');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Sabine Okafor', 'ELSTER');
  await p.push('Antrag beginnen');
  await p.goto(`${district}/konto`);
  await p.title('Mein Konto');
  for (const path of ['/', '/dienstleistungen', '/portalverbund', '/suche?q=B%C3%BCchereiausweis&ort=033990004004', '/impressum', '/gibt-es-nicht']) await p.goto(district + path);
  const clerk = await staff(browser, district, recorder, 'Frauke Bohlken');
  await clerk.title('Eingangskorb');
  await clerk.goto('/amt/beteiligungen');
  await Promise.all([p, clerk].map((x) => x.context.close()));
}

// faults goes through the pages for testers while simulators do not work, so
// nothing else may run beside it.
export async function faults(browser, base, recorder) {
  const p = await Person.open(browser, 'Testerin', base, recorder);
  for (const path of ['/test/drehbuch', '/test/karten', '/test/zahlungen', '/test/buchungen', '/test/rueckrufe', '/test/uebergaben']) await p.goto(path);
  await p.goto('/test/aufrufe');
  await p.fill('Nur zu diesem Vorgang', 'AW-26-XXXX-XXXX');
  await p.push('Anzeigen');
  await p.sees('Keine Aufrufe');
  await p.goto('/test/vorgaenge');
  const traces = await p.page.locator('main a[href^="/test/vorgaenge/"]').evaluateAll((all) => all.slice(0, 6).map((a) => a.getAttribute('href')));
  for (const path of traces) await p.goto(path);

  await p.goto('/test/stoerungen#abfall');
  await p.push('Einschalten Abfallwirtschaft Weserheide: Suche hängt', { back: true });
  await p.sees('Abfallwirtschaft Weserheide');
  const begin = Date.now();
  await p.goto('/suche?ort=033990004004&q=Sperrm%C3%BCll+anmelden'); // answers to other words are kept for a while
  if (Date.now() - begin > 10_000) throw p.fail('the answer comes too late');
  await p.sees('Nicht erreichbar: Abfallwirtschaft Weserheide', 'Sperrmüll anmelden');
  await p.goto('/test/aufrufe');
  const control = (await address(base, 'Abfallwirtschaft')).replace(/\d+$/, '');
  await p.goto('/test/stoerungen');
  const own = await p.page.getByRole('link', { name: 'Seite der Simulatoren selbst' }).getAttribute('href');
  if (!own.startsWith(control)) throw p.fail('the simulators have no page of their own');
  await p.goto(own);
  await p.sees('Gestörte Systeme', 'eingeschaltet');
  await p.push('Alle Störungen ausschalten');
  await p.sees('Alle Systeme arbeiten ohne Störung.');
  await p.goto(`${own}/gibt-es-nicht`);

  const shop = await address(base, 'pmPayment');
  for (const path of ['/', '/bezahlen/gibt-es-nicht']) await p.goto(shop + path);

  // A payment that does not begin and an office that does not answer.
  const disturb = (simulator, fault) => fetch(`${own}/api/stoerung`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ simulator, fault }) });
  await p.goto('/antrag/neu/geburtsurkunde?ort=033990004004');
  await p.follow(/^Mit BundID anmelden$/);
  await login(p, 'Meike Harms', 'Online-Ausweis');
  await order(p);
  await disturb('pmpayment', 'down');
  await p.push('Jetzt bezahlen');
  await p.sees('Der Bezahldienst antwortet nicht', 'Es ist nichts verloren');
  await disturb('fachverfahren', 'down');
  await p.goto('/antrag/neu/hund-abmelden?ort=033990004004');
  await p.push('Antrag beginnen');
  await p.choose('Gemeinde', 'Stadt Altenwehr');
  await next(p);
  await next(p);
  await p.sees('antwortet gerade nicht', 'Ich gebe den Hund selbst an');
  await p.goto('/test/stoerungen');
  await p.push('Alle Störungen ausschalten');
  await p.sees('Kein Simulator ist gestört.');
  await p.context.close();
}
