package xzufi

import "sort"

func (d *decoder) leistung(e *element, id ID, raw []byte) *Leistung {
	l := &Leistung{ID: id, Raw: raw}
	l.SecondaryIDs = d.ids(e, "idSekundaer")
	l.LeikaKeys = d.codes(e, "referenzLeiKa")
	l.Structure = d.structure(d.child(e, "struktur"))
	l.Modules = d.modules(e)
	l.Costs, l.Deadlines, l.Processing = d.costs(e), d.deadlines(e), d.processing(e)
	for _, m := range d.children(e, "modulBegriffImKontext") {
		for _, b := range d.children(m, "begriffImKontext") {
			l.Synonyms = append(l.Synonyms, d.text(b, "begriff")...)
		}
	}
	if a := d.child(e, "modulFachlicheFreigabe"); a != nil {
		l.Approval = Approval{On: d.time(d.child(a, "fachlichFreigegebenAm")), By: d.text(a, "fachlichFreigegebenDurch")}
	}
	for _, u := range d.children(e, "modulUrsprungsportal") {
		l.Origins = append(l.Origins, OriginPortal{URI: d.value(u, "uri"), Title: d.value(u, "titel"), Lang: u.attr("languageCode")})
	}
	l.Typing = d.codes(e, "typisierung")
	l.Addressees = d.codes(e, "leistungsadressat")
	for _, s := range d.codes(e, "informationsbereichSDG") {
		if s != "0000000" {
			l.SDG = append(l.SDG, s)
		}
	}
	for _, k := range d.children(e, "klassifizierung") {
		list := k.attr("listURI")
		if list == "" {
			list = d.value(k, "listURI", "liste")
		}
		value := d.value(k, "wert", "value", "code")
		if value == "" {
			value = d.code(k)
		}
		l.Situations = append(l.Situations, Classification{List: list, Value: value})
	}
	l.Categories = d.categories(e)
	l.Areas = d.areas(e, "gueltigkeitGebietID")
	l.ValidFrom, l.ValidUntil = d.validity(e)
	l.Created, l.Changed = d.stamp(e, "erstelltDatumZeit"), d.stamp(e, "geaendertDatumZeit")
	l.TrustLevel = d.code(d.child(e, "vertrauensniveau"))
	l.WrittenForm = d.bool(d.child(e, "kennzeichenSchriftformerfordernis"))
	l.SinglePOC = d.bool(d.child(e, "kennzeichenEA"))
	l.Languages = d.languages(e)
	name := Text(nil)
	for _, m := range l.Modules {
		switch m.Code {
		case ModuleTitle:
			l.Title = append(l.Title, m.Text...)
		case ModuleName:
			name = append(name, m.Text...)
		case ModuleTeaser:
			l.Teaser = append(l.Teaser, m.Text...)
		case ModuleShortText:
			l.ShortText = append(l.ShortText, m.Text...)
		case ModuleFullText:
			l.FullText = append(l.FullText, m.Text...)
		}
	}
	for _, n := range name {
		if !l.Title.Has(n.Lang) {
			l.Title = append(l.Title, n)
		}
	}
	return l
}

func (d *decoder) structure(e *element) Structure {
	if e == nil {
		return Structure{}
	}
	s := Structure{Type: e.xsiType.Local}
	if o := d.child(e, "leistungsobjektID"); o != nil {
		s.Object, s.ObjectName = o.content(), o.attr("schemeName")
	}
	v := d.child(d.child(e, "verrichtung"), "verrichtungLeiKa")
	s.Verrichtung, s.VerrichtungName = d.code(v), d.value(v, "name")
	s.Detail = d.text(e, "verrichtungsdetail")
	return s
}

func (d *decoder) modules(e *element) []Module {
	var out []Module
	for _, m := range d.children(e, "modulText") {
		c := d.child(m, "leikaTextmodul")
		out = append(out, Module{
			Code: d.code(c), Name: d.value(c, "name"), Text: d.text(m, "inhalt"),
			Links: d.links(m, "weiterfuehrenderLink"), Position: d.int(d.child(m, "positionDarstellung")),
		})
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Position < out[j].Position })
	return out
}

func (d *decoder) links(e *element, local string) []Link {
	var out []Link
	for _, l := range d.children(e, local) {
		link := Link{
			URI: d.value(l, "uri", "link", "url"), Title: d.value(l, "titel"), Description: d.value(l, "beschreibung"),
			Lang: l.attr("languageCode"), Type: d.code(d.child(l, "typ")), Position: d.int(d.child(l, "positionDarstellung")),
		}
		if link.URI == "" && !l.hasChildren() {
			link.URI = l.content()
		}
		if link.URI != "" {
			out = append(out, link)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Position < out[j].Position })
	return out
}

func (d *decoder) costs(e *element) []Cost {
	var out []Cost
	for _, k := range d.children(e, "modulKosten") {
		c := Cost{Text: d.text(k, "beschreibung"), Links: d.links(k, "weiterfuehrenderLink")}
		for _, a := range d.children(k, "kosten") {
			c.Amounts = append(c.Amounts, Amount{
				Type: d.code(d.child(a, "typ")), Value: d.value(a, "betrag", "betragUntergrenze"), Limit: d.value(a, "betragObergrenze"),
				Currency: d.code(d.child(a, "waehrung")), Label: d.text(a, "bezeichnung"),
			})
		}
		out = append(out, c)
	}
	return out
}

func (d *decoder) deadlines(e *element) []Deadline {
	var out []Deadline
	for _, f := range d.children(e, "modulFrist") {
		inner := f
		if c := d.child(f, "frist"); c != nil {
			inner = c
		}
		out = append(out, Deadline{Text: d.text(f, "beschreibung"), Type: d.code(d.child(inner, "typ")),
			Duration: d.value(inner, "dauer"), Unit: d.code(d.child(inner, "einheit"))})
	}
	return out
}

func (d *decoder) processing(e *element) []Processing {
	var out []Processing
	for _, p := range d.children(e, "modulBearbeitungsdauer") {
		out = append(out, Processing{Text: d.text(p, "beschreibung"), Duration: d.value(p, "dauer"), Unit: d.code(d.child(p, "einheit"))})
	}
	return out
}

func (d *decoder) categories(e *element) []Category {
	var out []Category
	for _, k := range d.children(e, "kategorie") {
		c := Category{ID: d.id(d.child(k, "id")), Parent: d.id(d.child(k, "uebergeordneteKategorieID")),
			Name: d.text(k, "bezeichnung"), Description: d.text(k, "beschreibung")}
		if kl := d.child(k, "klasse"); kl != nil {
			c.Class, c.ClassName = d.value(kl, "id"), d.text(kl, "bezeichnung")
		}
		if !c.ID.IsZero() {
			out = append(out, c)
		}
	}
	return out
}

func (d *decoder) languages(e *element) []string {
	var out []string
	for _, s := range d.children(e, "sprachversion") {
		lang := s.attr("languageCode")
		if lang == "" {
			lang = d.value(s, "languageCode")
		}
		if lang != "" {
			out = append(out, lang)
		}
	}
	return out
}

func (d *decoder) spezialisierung(e *element, id ID, raw []byte) *Spezialisierung {
	s := &Spezialisierung{ID: id, Raw: raw}
	s.Leistung = d.id(d.child(e, "leistungID"))
	s.Areas = d.areas(e, "gueltigkeitGebietID", "gebietID")
	s.Modules = d.modules(e)
	s.Costs, s.Deadlines, s.Processing = d.costs(e), d.deadlines(e), d.processing(e)
	s.ValidFrom, s.ValidUntil = d.validity(e)
	s.Created, s.Changed = d.stamp(e, "erstelltDatumZeit"), d.stamp(e, "geaendertDatumZeit")
	return s
}

func (d *decoder) organisation(e *element, id ID, raw []byte) *Organisationseinheit {
	o := &Organisationseinheit{ID: id, Raw: raw}
	o.SecondaryIDs = d.ids(e, "idSekundaer")
	o.Parent = d.id(d.child(e, "uebergeordneteOrganisationseinheitID"))
	o.Name, o.ShortName = d.text(e, "name"), d.text(e, "kurzbezeichnung")
	if len(o.ShortName) == 0 {
		o.ShortName = d.text(d.child(e, "name"), "kurzbezeichnung")
	}
	o.Description = d.text(e, "beschreibung")
	for _, a := range d.children(e, "anschrift") {
		o.Addresses = append(o.Addresses, d.address(a))
	}
	for _, k := range d.children(e, "kommunikation") {
		c := Communication{Channel: d.code(d.child(k, "kanal", "typ")), Value: d.value(k, "kennung"), Note: d.value(k, "zusatz", "kennungszusatz")}
		if c.Value != "" {
			o.Communications = append(o.Communications, c)
		}
	}
	o.OpeningHours = d.text(e, "infoOeffnungszeitenText")
	o.Websites = append(d.links(e, "infoInternetadresse"), d.links(e, "internetadresse")...)
	for _, z := range d.children(e, "zustaendigkeit") {
		entry := d.zustaendigkeit(z, d.id(d.child(z, "id")))
		if entry.Leistung.IsZero() {
			d.warn(z)
			continue
		}
		entry.Object = id
		o.Responsibilities = append(o.Responsibilities, entry)
	}
	o.ValidFrom, o.ValidUntil = d.validity(e)
	o.Changed = d.stamp(e, "geaendertDatumZeit")
	return o
}

func (d *decoder) address(a *element) Address {
	out := Address{
		Type: d.code(d.child(a, "typ")), Street: d.value(a, "strasse"), HouseNumber: d.value(a, "hausnummer"),
		Postbox: d.value(a, "postfach"), Postcode: d.value(a, "postleitzahl"), Place: d.value(a, "ort"),
		Building: d.text(a, "gebaeude"), Accessibility: d.text(a, "infoBarrierefreiheit"),
		Lift: tristate(d.value(a, "aufzug")), Wheelchair: tristate(d.value(a, "rollstuhlgerecht")),
	}
	if v := d.child(a, "verwaltungspolitischeKodierung"); v != nil {
		if out.AreaKey = d.code(d.child(v, "regionalschluessel")); out.AreaKey == "" {
			out.AreaKey = d.code(d.child(v, "gemeindeschluessel"))
		}
	}
	return out
}

func (d *decoder) onlinedienst(e *element, id ID, raw []byte) *Onlinedienst {
	o := &Onlinedienst{ID: id, Raw: raw}
	o.SecondaryIDs = d.ids(e, "idSekundaer")
	o.Title, o.Description = d.text(e, "bezeichnung"), d.text(e, "beschreibung")
	o.Links = d.links(e, "link")
	o.TrustLevel = d.code(d.child(e, "vertrauensniveau"))
	o.Addressees = d.codes(e, "leistungsadressat")
	for _, p := range d.children(e, "parameter") {
		if name := d.value(p, "name"); name != "" {
			if o.Parameters == nil {
				o.Parameters = map[string]string{}
			}
			o.Parameters[name] = d.value(p, "wert")
		}
	}
	o.Languages = d.languages(e)
	o.ValidFrom, o.ValidUntil = d.validity(e)
	o.Changed = d.stamp(e, "geaendertDatumZeit")
	return o
}

func (d *decoder) zustaendigkeit(e *element, id ID) Zustaendigkeit {
	z := Zustaendigkeit{ID: id}
	z.SecondaryIDs = d.ids(e, "idSekundaer")
	z.Leistung = d.id(d.child(e, "leistungID"))
	z.Areas = d.areas(e, "gebietID")
	z.Role = d.code(d.child(e, "rolle"))
	z.Criteria = d.text(e, "kriterium")
	z.ValidFrom, z.ValidUntil = d.validity(e)
	return z
}
