package login

import (
	"net/mail"
	"strings"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// ConsentVersion names the consent text (login.consent.text) that people agree
// to. Change it with every change of the text.
const ConsentVersion = "2026-11"

type consentData struct {
	Items        []item
	Mail         string
	MailError    string
	Notify       bool
	Agreed       bool
	ConsentError string
	Version      string
	Level        string
}

type item struct{ Label, Value string }

// consentPage shows what BundID sent before anything of it is stored.
func (p *Pages) consentPage(r *web.Request) error {
	if done, err := p.needsPending(r); done {
		return err
	}
	attrs := pending(r)
	return p.showConsent(r, consentData{Mail: value(attrs, bundid.AttrMail), Notify: true}, nil)
}

// needsPending leads away whoever has nothing to decide.
func (p *Pages) needsPending(r *web.Request) (bool, error) {
	if done, err := Require(r); done {
		return true, err
	}
	if r.Session.Account != "" || r.Get(keyMark) == "" {
		return true, r.Redirect("/konto")
	}
	return false, nil
}

func (p *Pages) showConsent(r *web.Request, d consentData, errs []web.FieldError) error {
	for _, a := range pending(r) {
		d.Items = append(d.Items, item{AttributeName(r, a.Name), AttributeValue(r, a)})
	}
	d.Version, d.Level = ConsentVersion, r.T("level."+web.LevelKey(r.Session.Level))
	return r.Render("login/einrichten", web.View{Title: r.T("login.consent.title"), Data: d, Errors: errs, Noindex: true})
}

func (p *Pages) consent(r *web.Request) error {
	if done, err := p.needsPending(r); done {
		return err
	}
	if err := r.Form(); err != nil {
		return err
	}
	next := way(r.Get(keyNext), "/konto")
	if r.PostFormValue("aktion") == "ablehnen" {
		r.Set(keyNext, "")
		r.Flash("info", "login.guest.now")
		return r.Redirect(next)
	}
	d := consentData{Mail: strings.TrimSpace(r.PostFormValue("email")), Notify: r.PostFormValue("benachrichtigung") == "yes", Agreed: r.PostFormValue("zustimmung") == "yes"}
	var errs []web.FieldError
	if d.Mail != "" && !ValidMail(d.Mail) {
		d.MailError = r.T("login.consent.mail.error")
		errs = append(errs, web.FieldError{Field: "email", Text: d.MailError})
	} else if d.Mail == "" && d.Notify {
		d.MailError = r.T("login.consent.mail.missing")
		errs = append(errs, web.FieldError{Field: "email", Text: d.MailError})
	}
	if !d.Agreed {
		d.ConsentError = r.T("login.consent.missing")
		errs = append(errs, web.FieldError{Field: "zustimmung", Text: d.ConsentError})
	}
	if len(errs) > 0 {
		return p.showConsent(r, d, errs)
	}
	a, err := p.Accounts.Create(r.Context(), konto.Account{BPK2: r.Get(keyMark), ConsentText: ConsentVersion, Level: r.Session.Level, Means: r.Session.Means,
		Mailbox: r.Get(keyMailbox), Mail: d.Mail, Lang: r.Lang, Attributes: pending(r)})
	if err != nil {
		return err
	}
	if a.Notify != d.Notify {
		if _, err := p.Accounts.SetContact(r.Context(), a.ID, d.Mail, d.Notify, r.Lang); err != nil {
			return err
		}
	}
	if err := p.adopt(r.Context(), r, a.ID); err != nil {
		return err
	}
	r.Flash("success", "login.consent.done")
	return r.Redirect(next)
}

// ValidMail reports whether s is one plain e-mail address.
func ValidMail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && !strings.ContainsAny(s, "\r\n")
}

var attributeKeys = map[string]string{
	bundid.AttrGivenName: "given", bundid.AttrSurname: "surname", bundid.AttrBirthdate: "birth", bundid.AttrPostalAddress: "street",
	bundid.AttrPostalCode: "postcode", bundid.AttrLocalityName: "town", bundid.AttrMail: "mail",
}

// AttributeName is the name of an attribute for people.
func AttributeName(r *web.Request, name string) string {
	if k, ok := attributeKeys[name]; ok {
		return r.T("login.attr." + k)
	}
	return r.T("login.attr.other")
}

// AttributeValue shows a value for people; of a birth date that is not fully
// known, what is known.
func AttributeValue(r *web.Request, a konto.Attribute) string {
	parts := strings.Split(a.Value, "-")
	if a.Name != bundid.AttrBirthdate || len(parts) != 3 {
		return a.Value
	}
	var out []string
	for _, p := range []string{parts[2], parts[1], parts[0]} {
		if strings.Trim(p, "0") != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ".")
}
