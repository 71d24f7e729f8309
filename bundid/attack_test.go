package bundid_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/stadttor/stadttor/bundid"
)

// forgery is the honest, signed response in which an attacker moves parts
// about. evil is a copy of the assertion with another name in it.
type forgery struct {
	root, assertion, signature *etree.Element
	evil                       *etree.Element
}

func forge(t *testing.T, response string) (*etree.Document, forgery) {
	t.Helper()
	doc := parse(t, response)
	f := forgery{root: doc.Root(), assertion: doc.Root().SelectElement("Assertion")}
	f.signature = f.assertion.SelectElement("Signature")
	f.evil = f.assertion.Copy()
	f.evil.CreateAttr("ID", "_evil")
	for _, v := range f.evil.FindElements(".//AttributeValue") {
		v.SetText("ANGREIFER")
	}
	return doc, f
}

func removeSignature(e *etree.Element) { e.RemoveChild(e.SelectElement("Signature")) }

// TestWrapping makes the known shapes of signature wrapping and their
// neighbours (Somorovsky et al. 2012, and later reports). None may log in,
// whatever the reason; the reason is fixed so that a change is noticed.
func TestWrapping(t *testing.T) {
	t.Parallel()
	shapes := map[string]struct {
		move func(f forgery)
		want bundid.Reason
	}{
		"A1 XSW1 original response inside the signature of the forged one": {func(f forgery) {
			original := f.root.Copy()
			original.CreateAttr("ID", "_original")
			f.root.RemoveChild(f.assertion)
			f.root.AddChild(f.evil)
			f.evil.SelectElement("Signature").AddChild(original)
		}, bundid.ReasonAssertionCount},
		"A2 XSW2 detached signature": {func(f forgery) {
			f.root.RemoveChild(f.assertion)
			removeSignature(f.assertion)
			removeSignature(f.evil)
			f.root.AddChild(f.signature)
			f.root.AddChild(f.evil)
			object := f.signature.CreateElement("ds:Object")
			object.AddChild(f.assertion)
		}, bundid.ReasonAssertionCount},
		"A3 XSW3 forged assertion before the signed one": {func(f forgery) {
			removeSignature(f.evil)
			f.root.InsertChildAt(f.assertion.Index(), f.evil)
		}, bundid.ReasonAssertionCount},
		"A4 XSW4 signed assertion inside the forged one": {func(f forgery) {
			removeSignature(f.evil)
			f.root.RemoveChild(f.assertion)
			f.evil.AddChild(f.assertion)
			f.root.AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A5 XSW5 original without signature at the end": {func(f forgery) {
			removeSignature(f.assertion)
			f.root.InsertChildAt(f.assertion.Index(), f.evil)
		}, bundid.ReasonAssertionCount},
		"A6 XSW6 original inside the signature of the forged assertion": {func(f forgery) {
			f.root.RemoveChild(f.assertion)
			removeSignature(f.assertion)
			f.evil.SelectElement("Signature").AddChild(f.assertion)
			f.root.AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A7 XSW7 extensions hold an assertion": {func(f forgery) {
			removeSignature(f.evil)
			f.root.CreateElement("samlp:Extensions").AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A7 genuine one in extensions, nothing outside": {func(f forgery) {
			f.root.RemoveChild(f.assertion)
			ext := etree.NewElement("samlp:Extensions")
			ext.AddChild(f.assertion)
			f.root.InsertChildAt(1, ext)
		}, bundid.ReasonAssertionPosition},
		"A8 XSW8 original inside an object": {func(f forgery) {
			f.root.RemoveChild(f.assertion)
			removeSignature(f.assertion)
			f.evil.SelectElement("Signature").CreateElement("ds:Object").AddChild(f.assertion)
			f.root.AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A9 forged assertion in advice": {func(f forgery) {
			removeSignature(f.evil)
			f.assertion.CreateElement("saml:Advice").AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A9 forged assertion in the status detail": {func(f forgery) {
			f.root.RemoveChild(f.assertion)
			f.root.SelectElement("Status").CreateElement("samlp:StatusDetail").AddChild(f.evil)
		}, bundid.ReasonAssertionPosition},
		"A9 forged assertion in a value": {func(f forgery) {
			removeSignature(f.evil)
			f.assertion.FindElement(".//AttributeValue").AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A11 another message around": {func(f forgery) { f.root.Tag = "LogoutRequest" }, bundid.ReasonStructure},
		"A12 no signature":           {func(f forgery) { removeSignature(f.assertion) }, bundid.ReasonUnsigned},
		"A14 signed and unsigned": {func(f forgery) {
			removeSignature(f.evil)
			f.root.AddChild(f.evil)
		}, bundid.ReasonAssertionCount},
		"A20 two SignedInfo": {func(f forgery) {
			f.signature.InsertChildAt(0, f.signature.SelectElement("SignedInfo").Copy())
		}, bundid.ReasonSignatureForm},
		"A10 two signatures": {func(f forgery) {
			f.assertion.InsertChildAt(2, f.signature.Copy())
		}, bundid.ReasonSignaturePosition},
		"object in the signature": {func(f forgery) { f.signature.CreateElement("ds:Object") }, bundid.ReasonSignatureForm},
		"A15 key by retrieval": {func(f forgery) {
			f.signature.CreateElement("ds:KeyInfo").CreateElement("ds:RetrievalMethod").CreateAttr("URI", "http://angreifer.example/")
		}, bundid.ReasonSignatureForm},
		"A32 signature after the status": {func(f forgery) {
			f.assertion.RemoveChild(f.signature)
			f.root.InsertChildAt(2, f.signature)
		}, bundid.ReasonSignaturePosition},
		"A32 signature at the end": {func(f forgery) {
			f.assertion.RemoveChild(f.signature)
			f.assertion.AddChild(f.signature)
		}, bundid.ReasonSignaturePosition},
		"A36 no value":        {func(f forgery) { f.signature.RemoveChild(f.signature.SelectElement("SignatureValue")) }, bundid.ReasonSignatureForm},
		"A36 empty value":     {func(f forgery) { f.signature.SelectElement("SignatureValue").SetText("") }, bundid.ReasonSignatureForm},
		"A36 empty signature": {func(f forgery) { f.signature.Child = nil }, bundid.ReasonSignatureForm},
		"value changed after signing": {func(f forgery) {
			f.assertion.FindElement(".//AttributeValue").SetText("ANGREIFER")
		}, bundid.ReasonDigest},
		"digest changed after signing": {func(f forgery) {
			f.signature.FindElement(".//DigestValue").SetText("AAAA")
		}, bundid.ReasonSignature},
		"A31 ID twice":     {func(f forgery) { f.root.CreateAttr("ID", "_a1") }, bundid.ReasonDuplicateID},
		"A24 Id beside ID": {func(f forgery) { f.assertion.CreateAttr("Id", "_x") }, bundid.ReasonDuplicateID},
		"A24 ID in a namespace": {func(f forgery) {
			f.assertion.CreateAttr("xmlns:x", "urn:x")
			f.assertion.CreateAttr("x:ID", "_x")
		}, bundid.ReasonDuplicateID},
		"A25 prefix bound anew": {func(f forgery) {
			f.assertion.FindElement(".//AttributeStatement").CreateAttr("xmlns:saml", "urn:angreifer")
		}, bundid.ReasonDigest},
		"response in the response": {func(f forgery) {
			inner := f.root.CreateElement("samlp:Response")
			inner.CreateAttr("ID", "_inner")
		}, bundid.ReasonStructure},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			doc, f := forge(t, signed(t, d.template(), pen{}))
			shape.move(f)
			check(t, d, serialize(t, doc), shape.want)
		})
	}
}

// TestWrappingEncrypted hides the same shapes that concern the assertion alone
// in a ciphertext, as anybody who knows our certificate can.
func TestWrappingEncrypted(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(string) string{
		"forged one around": func(s string) string {
			forged := strings.Replace(strings.ReplaceAll(s, "HARMS", "ANGREIFER"), `ID="_a1"`, `ID="_evil"`, 1)
			before, rest, _ := strings.Cut(forged, "<ds:Signature")
			_, after, _ := strings.Cut(rest, "</ds:Signature>")
			return strings.Replace(before+after, "<saml:AuthnStatement", "<saml:Advice>"+s+"</saml:Advice><saml:AuthnStatement", 1)
		},
		"values changed": func(s string) string { return strings.ReplaceAll(s, "HARMS", "ANGREIFER") },
		"no signature": func(s string) string {
			before, rest, _ := strings.Cut(s, "<ds:Signature")
			_, after, _ := strings.Cut(rest, "</ds:Signature>")
			return before + after
		},
		"a response inside": func(s string) string {
			return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` + s + `</samlp:Response>`
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			c := currentCrypt()
			c.plain = move
			if l, err := d.receive(t, c.encrypted(t, signed(t, d.template(), pen{}))); err == nil {
				t.Errorf("accepted: %v", l)
			}
		})
	}
}

// TestSignatures concerns how the assertion was signed.
func TestSignatures(t *testing.T) {
	t.Parallel()
	set := func(path, attr, value string) func(*etree.Element) {
		return func(info *etree.Element) { info.FindElement(path).CreateAttr(attr, value) }
	}
	rows := map[string]struct {
		pen  pen
		want bundid.Reason
	}{
		"RSA-SHA-256":                  {pen{algorithm: algRSA}, 0},
		"A15 another key":              {pen{keys: otherKeys()}, bundid.ReasonSignature},
		"PSS named, other method used": {pen{algorithm: algRSA, edit: set("SignatureMethod", "Algorithm", algPSS)}, bundid.ReasonSignature},
		"A41 SHA-1":                    {pen{algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, bundid.ReasonAlgorithm},
		"A41 HMAC":                     {pen{algorithm: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}, bundid.ReasonAlgorithm},
		"A41 digest SHA-1":             {pen{edit: set(".//DigestMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")}, bundid.ReasonAlgorithm},
		"A42 ECDSA named":              {pen{algorithm: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}, bundid.ReasonSignature},
		"A29 inclusive canonical form": {pen{edit: set("CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")}, bundid.ReasonAlgorithm},
		"A29 with comments":            {pen{edit: set("CanonicalizationMethod", "Algorithm", algExc+"WithComments")}, bundid.ReasonAlgorithm},
		"A29 XSLT": {pen{edit: func(info *etree.Element) {
			info.FindElements(".//Transform")[1].CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
		}}, bundid.ReasonAlgorithm},
		"A29 three transforms": {pen{edit: func(info *etree.Element) {
			list := info.FindElement(".//Transforms")
			list.AddChild(list.ChildElements()[1].Copy())
		}}, bundid.ReasonAlgorithm},
		"A29 transforms in the other order": {pen{edit: func(info *etree.Element) {
			list := info.FindElement(".//Transforms")
			list.AddChild(list.RemoveChild(list.ChildElements()[0]))
		}}, bundid.ReasonSignatureForm},
		"A29 no transforms":   {pen{edit: func(info *etree.Element) { info.FindElement(".//Transforms").Child = nil }}, bundid.ReasonAlgorithm},
		"A30 empty URI":       {pen{edit: set("Reference", "URI", "")}, bundid.ReasonReference},
		"A30 no URI":          {pen{edit: func(info *etree.Element) { info.FindElement("Reference").RemoveAttr("URI") }}, bundid.ReasonReference},
		"A30 another element": {pen{edit: set("Reference", "URI", "#_r1")}, bundid.ReasonReference},
		"A30 pointer":         {pen{edit: set("Reference", "URI", "#xpointer(id('_a1'))")}, bundid.ReasonReference},
		"A30 outside":         {pen{edit: set("Reference", "URI", "http://angreifer.example/")}, bundid.ReasonReference},
		"A21 two references": {pen{edit: func(info *etree.Element) {
			second := info.FindElement("Reference").Copy()
			second.CreateAttr("URI", "#_r1")
			info.AddChild(second)
		}}, bundid.ReasonSignatureForm},
		"manifest": {pen{edit: set("Reference", "Type", "http://www.w3.org/2000/09/xmldsig#Manifest")}, bundid.ReasonSignatureForm},
		"parameters in the method": {pen{edit: func(info *etree.Element) {
			info.FindElement("SignatureMethod").CreateElement("ds:HMACOutputLength").SetText("1")
		}}, bundid.ReasonSignatureForm},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			check(t, d, signed(t, d.template(), row.pen), row.want)
		})
	}
	t.Run("A13 response signed, assertion not", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, d.template())
		pen{}.sign(t, doc.Root())
		check(t, d, serialize(t, doc), 0)
	})
	t.Run("A13 response signed by another, assertion by the account", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, signed(t, d.template(), pen{}))
		pen{keys: otherKeys()}.sign(t, doc.Root())
		check(t, d, serialize(t, doc), bundid.ReasonSignature)
	})
	t.Run("A13 assertion of another signature in a signed response", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, signed(t, d.template(), pen{keys: otherKeys()}))
		pen{}.sign(t, doc.Root())
		check(t, d, serialize(t, doc), bundid.ReasonSignature)
	})
}

// TestDocuments concerns what is refused before any element is looked at.
func TestDocuments(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		edit func(string) string
		want bundid.Reason
	}{
		"A23 document type": {func(s string) string { return `<!DOCTYPE x>` + s }, bundid.ReasonDoctype},
		"A33 external entity": {func(s string) string {
			return `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + strings.Replace(s, "HARMS", "&e;", 1)
		}, bundid.ReasonDoctype},
		"A27 entity":                 {func(s string) string { return strings.Replace(s, "HARMS", "&e;", 1) }, bundid.ReasonXML},
		"A18 processing instruction": {func(s string) string { return strings.Replace(s, "HARMS", "HAR<?x?>MS", 1) }, bundid.ReasonXML},
		"A18 CDATA":                  {func(s string) string { return strings.Replace(s, "HARMS", "<![CDATA[HARMS]]>", 1) }, bundid.ReasonXML},
		"A19 comment in the digest":  {func(s string) string { return strings.Replace(s, "<ds:DigestValue>", "<ds:DigestValue><!---->", 1) }, bundid.ReasonXML},
		"A28 two colons":             {func(s string) string { return strings.Replace(s, "<saml:Subject>", "<saml:x:Subject>", 1) }, bundid.ReasonXML},
		"A26 relative namespace":     {func(s string) string { return strings.Replace(s, "<saml:Subject>", `<saml:Subject xmlns:x="y">`, 1) }, bundid.ReasonXML},
		"A24 attribute twice":        {func(s string) string { return strings.Replace(s, "<saml:Subject>", `<saml:Subject a="" a="">`, 1) }, bundid.ReasonXML},
		"other encoding":             {func(s string) string { return `<?xml version="1.0" encoding="ISO-8859-1"?>` + s }, bundid.ReasonEncoding},
		"not UTF-8":                  {func(s string) string { return strings.Replace(s, "HARMS", "\xff", 1) }, bundid.ReasonEncoding},
		"A35 deep":                   {func(s string) string { return strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) }, bundid.ReasonLimit},
		"A35 many elements":          {func(s string) string { return "<a>" + strings.Repeat("<b/>", 20000) + "</a>" }, bundid.ReasonLimit},
		"A35 many attributes": {func(s string) string {
			var b strings.Builder
			for i := range 10000 {
				fmt.Fprintf(&b, ` a%d=""`, i)
			}
			return "<a" + b.String() + "/>"
		}, bundid.ReasonLimit},
		"A35 large":    {func(s string) string { return s + strings.Repeat(" ", 300<<10) }, bundid.ReasonLimit},
		"text behind":  {func(s string) string { return s + "x" }, bundid.ReasonXML},
		"truncated":    {func(s string) string { return s[:len(s)-1] }, bundid.ReasonXML},
		"another root": {func(string) string { return `<x/>` }, bundid.ReasonStructure},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			check(t, d, row.edit(signed(t, d.template(), pen{})), row.want)
		})
	}
	t.Run("XML declaration and line ends are fine", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, `<?xml version="1.0" encoding="UTF-8"?>`+"\r\n"+signed(t, d.template(), pen{})+"\n", 0)
	})
}

// TestTransport concerns the POST itself (A56, A57).
func TestTransport(t *testing.T) {
	t.Parallel()
	build := func(method, contentType, body string) *http.Request {
		r := httptest.NewRequest(method, spACS, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	const formType = "application/x-www-form-urlencoded"
	d := newDesk(t, bundid.NewMemStore(0))
	response := signed(t, d.template(), pen{})
	good := post(response, d.relay)
	body := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(response))}, "RelayState": {d.relay}}.Encode()
	for name, row := range map[string]struct {
		r    *http.Request
		want bundid.Reason
	}{
		"GET":              {build(http.MethodGet, formType, body), bundid.ReasonTransport},
		"other type":       {build(http.MethodPost, "text/plain", body), bundid.ReasonTransport},
		"no type":          {build(http.MethodPost, "", body), bundid.ReasonTransport},
		"no field":         {build(http.MethodPost, formType, "RelayState=x"), bundid.ReasonTransport},
		"field twice":      {build(http.MethodPost, formType, body+"&SAMLResponse=x"), bundid.ReasonTransport},
		"relay twice":      {build(http.MethodPost, formType, body+"&RelayState=x"), bundid.ReasonTransport},
		"in the query":     {httptest.NewRequest(http.MethodPost, spACS+"?"+body, nil), bundid.ReasonTransport},
		"not base64":       {build(http.MethodPost, formType, "SAMLResponse=***"), bundid.ReasonEncoding},
		"junk in base64":   {build(http.MethodPost, formType, "SAMLResponse=PGE%2B!&RelayState="), bundid.ReasonEncoding},
		"A34 compressed":   {build(http.MethodPost, formType, "SAMLResponse=eJwDAAAAAAE="), bundid.ReasonEncoding},
		"too large":        {build(http.MethodPost, formType, "SAMLResponse="+strings.Repeat("A", 1<<20)), bundid.ReasonTooLarge},
		"long relay state": {build(http.MethodPost, formType, "SAMLResponse=PGE%2B&RelayState="+strings.Repeat("x", 81)), bundid.ReasonRelayState},
	} {
		if _, err := d.sp.Receive(t.Context(), row.r); reason(t, err) != row.want {
			t.Errorf("%s: want %v, got %v", name, row.want, err)
		}
	}
	if _, err := d.sp.Receive(t.Context(), good); err != nil {
		t.Errorf("the honest one after all that: %v", err)
	}
}

// TestBinding concerns who may use a response (A48, A49, A56).
func TestBinding(t *testing.T) {
	t.Parallel()
	finish := func(d *desk, ticket string, cookies ...*http.Cookie) error {
		r := httptest.NewRequest(http.MethodGet, "https://stadttor.example/angemeldet", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		_, err := d.sp.Finish(t.Context(), ticket, r)
		return err
	}
	start := func(t *testing.T) (*desk, string) {
		d := newDesk(t, bundid.NewMemStore(0))
		ticket, err := d.sp.Receive(t.Context(), post(signed(t, d.template(), pen{}), d.relay))
		if err != nil {
			t.Fatal(err)
		}
		return d, ticket
	}
	t.Run("A48 browser without cookie", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		if got := reason(t, finish(d, ticket)); got != bundid.ReasonBrowser {
			t.Errorf("got %v", got)
		}
		if got := reason(t, finish(d, ticket, d.cookie)); got != bundid.ReasonTicket {
			t.Errorf("the ticket survived: %v", got)
		}
	})
	t.Run("A48 browser with another cookie", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		other := *d.cookie
		other.Value = strings.Repeat("A", 43)
		if got := reason(t, finish(d, ticket, &other)); got != bundid.ReasonBrowser {
			t.Errorf("got %v", got)
		}
	})
	t.Run("planted cookie beside the right one", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		other := *d.cookie
		other.Value = "planted"
		if err := finish(d, ticket, &other, d.cookie); err != nil {
			t.Error(err)
		}
	})
	t.Run("ticket works once", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		if err := finish(d, ticket, d.cookie); err != nil {
			t.Fatal(err)
		}
		if got := reason(t, finish(d, ticket, d.cookie)); got != bundid.ReasonTicket {
			t.Errorf("got %v", got)
		}
	})
	t.Run("ticket expires", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		d.now = d.now.Add(2 * time.Minute)
		if got := reason(t, finish(d, ticket, d.cookie)); got != bundid.ReasonTicket {
			t.Errorf("got %v", got)
		}
	})
	t.Run("invented ticket", func(t *testing.T) {
		t.Parallel()
		d, ticket := start(t)
		for _, bad := range []string{"", "x", strings.ToLower(ticket) + "x", strings.Repeat("A", 43)} {
			if got := reason(t, finish(d, bad, d.cookie)); got != bundid.ReasonTicket {
				t.Errorf("%q: got %v", bad, got)
			}
		}
	})
	t.Run("A49 same response twice", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		response := signed(t, d.template(), pen{})
		check(t, d, response, 0)
		check(t, d, response, bundid.ReasonReplay)
	})
	t.Run("A49 second assertion for the same request", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, signed(t, d.template(), pen{}), 0)
		check(t, d, signed(t, strings.Replace(d.template(), `ID="_a1"`, `ID="_a2"`, 1), pen{}), bundid.ReasonInResponseTo)
	})
	t.Run("A48 response to a foreign request", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, signed(t, strings.ReplaceAll(d.template(), d.request, "_fremd"), pen{}), bundid.ReasonInResponseTo)
	})
	t.Run("A49 fresh answer to an expired request", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		d.now = d.now.Add(30 * time.Minute)
		check(t, d, signed(t, strings.ReplaceAll(d.template(), "T12:0", "T12:3"), pen{}), bundid.ReasonInResponseTo)
	})
	t.Run("A49 fresh answer at the last moment", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		d.now = d.now.Add(30*time.Minute - time.Microsecond)
		check(t, d, signed(t, strings.ReplaceAll(d.template(), "T12:0", "T12:3"), pen{}), 0)
	})
	t.Run("A56 relay state of another", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		d.relay = "https://angreifer.example/"
		check(t, d, signed(t, d.template(), pen{}), bundid.ReasonRelayState)
	})
}

// TestErrorResponses concerns what the account reports; unsigned, as it may.
func TestErrorResponses(t *testing.T) {
	t.Parallel()
	status := func(d *desk, second, detail string) string {
		before, _, _ := strings.Cut(d.template(), "<samlp:Status>")
		const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
		return before + `<samlp:Status><samlp:StatusCode Value="` + prefix + `Requester"><samlp:StatusCode Value="` + prefix + second + `"/></samlp:StatusCode>` +
			detail + `</samlp:Status></samlp:Response>`
	}
	detail := `<samlp:StatusDetail><akdb:StatusDetail xmlns:akdb="https://www.akdb.de/request/2018/09">{"version":"1.0","errors":[{"code":"IDP_REQUIRED_ATTRIBUTES_MISSING","message":"x"}]}</akdb:StatusDetail></samlp:StatusDetail>`
	for name, row := range map[string]struct {
		second, detail string
		want           bundid.Reason
	}{
		"cancelled":         {"AuthnFailed", "", bundid.ReasonCanceled},
		"level":             {"NoAuthnContext", "", bundid.ReasonLevelUnavailable},
		"attributes":        {"RequestDenied", detail, bundid.ReasonRequiredAttributeMissing},
		"no detail":         {"RequestDenied", "", bundid.ReasonRequiredAttributeMissing},
		"detail is no JSON": {"UnknownPrincipal", strings.Replace(detail, "{", "", 1), bundid.ReasonStatus},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, bundid.NewMemStore(0))
			_, err := d.receive(t, status(d, row.second, row.detail))
			re := &bundid.ResponseError{}
			if got := reason(t, err); got != row.want {
				t.Errorf("want %v, got %v", row.want, got)
			}
			if ok := asResponseError(err, &re); !ok || re.State != "state" || !strings.HasSuffix(re.Status.Subcode, row.second) {
				t.Errorf("state %q, status %v", re.State, re.Status)
			}
			if row.second == "RequestDenied" && row.detail != "" && !slices.Contains(re.Status.Details, "IDP_REQUIRED_ATTRIBUTES_MISSING") {
				t.Errorf("details %v", re.Status.Details)
			}
			check(t, d, signed(t, d.template(), pen{}), bundid.ReasonInResponseTo)
		})
	}
	t.Run("A52 with an assertion", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, strings.Replace(signed(t, d.template(), pen{}), "status:Success", "status:Responder", 1), bundid.ReasonStatus)
	})
	t.Run("forged signature on an error", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		doc := parse(t, status(d, "AuthnFailed", ""))
		pen{keys: otherKeys()}.sign(t, doc.Root())
		check(t, d, serialize(t, doc), bundid.ReasonSignature)
	})
	t.Run("guessed request", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, bundid.NewMemStore(0))
		check(t, d, strings.ReplaceAll(status(d, "AuthnFailed", ""), d.request, "_x"), bundid.ReasonInResponseTo)
	})
}
