package bundid_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

var prefill = []bundid.RequestedAttribute{
	{Name: bundid.AttrGivenName}, {Name: bundid.AttrSurname}, {Name: bundid.AttrBirthdate},
	{Name: bundid.AttrPostalAddress}, {Name: bundid.AttrMail}, {Name: bundid.AttrBPK2},
	{Name: bundid.AttrPostkorbHandle},
}

func TestJourney(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{
		"current algorithms":      {},
		"response signed as well": {sim: bundidsim.Options{SignResponse: true}},
		"plain assertion":         {sim: bundidsim.Options{InsecurePlainAssertion: true}},
		"plain, both signed":      {sim: bundidsim.Options{InsecurePlainAssertion: true, SignResponse: true}},
		"RSA signatures": {
			sim:  bundidsim.Options{Signature: bundidsim.SignatureRSASHA256},
			edit: func(c *bundid.Config) { c.RequestSignature = bundid.SignatureRSASHA256 },
		},
	} {
		for binding, way := range map[string]bundid.Binding{"post": bundid.BindingPOST, "redirect": bundid.BindingRedirect} {
			t.Run(name+" by "+binding, func(t *testing.T) {
				t.Parallel()
				p := newPortal(t, s)
				p.logIn(t, bundid.LoginRequest{
					Level: bundid.LevelSubstantiell, Attributes: prefill, State: "entwurf/17", Binding: way,
				}, "meike-harms/eID")
				if p.received != nil || p.finished != nil || p.login == nil {
					t.Fatalf("login failed: received %v, finished %v", p.received, p.finished)
				}
				l := p.login
				got := []any{l.Level, l.Requested, l.Means, l.State, l.Guest, len(l.BPK2), len(l.PostkorbHandle)}
				want := []any{bundid.LevelHoch, bundid.LevelSubstantiell, bundid.MeansEID, "entwurf/17", false, 43, 36}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("login (-want +got):\n%s", diff)
				}
				for _, want := range []bundid.Attribute{
					{Name: bundid.AttrGivenName, Value: "MEIKE SOPHIE", Level: bundid.LevelHoch},
					{Name: bundid.AttrMail, Value: "meike.harms@example.org", Level: bundid.LevelNiedrig},
				} {
					if got, _ := l.Attribute(want.Name); got != want {
						t.Errorf("attribute: want %v, got %v", want, got)
					}
				}
				if _, ok := l.Attribute(bundid.AttrNationality); ok {
					t.Error("an attribute that was not asked for came back")
				}
			})
		}
	}
}

// reason returns the Reason of a refused response.
func reason(t *testing.T, err error) bundid.Reason {
	t.Helper()
	var re *bundid.ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("want a *ResponseError, got %v", err)
	}
	return re.Reason
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[bundidsim.Fault]bundid.Reason{
		bundidsim.FaultCancel:        bundid.ReasonCanceled,
		bundidsim.FaultExpired:       bundid.ReasonExpired,
		bundidsim.FaultWrongAudience: bundid.ReasonAudience,
		bundidsim.FaultUnsigned:      bundid.ReasonUnsigned,
		bundidsim.FaultLevelLower:    bundid.ReasonLevelTooLow,
		bundidsim.FaultReplay:        bundid.ReasonReplay,
	} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, setup{})
			lr := bundid.LoginRequest{Level: bundid.LevelSubstantiell, Attributes: prefill, State: "s"}
			if fault == bundidsim.FaultReplay {
				p.logIn(t, lr, "sabine-okafor/Elster")
			}
			p.sim.Misbehave(fault)
			b := p.logIn(t, lr, "sabine-okafor/Elster")
			if got := reason(t, p.received); got != want {
				t.Errorf("want %v, got %v", want, got)
			}
			if b.status != http.StatusForbidden {
				t.Errorf("status %d", b.status)
			}
			p.logIn(t, lr, "sabine-okafor/Elster")
			if p.received != nil || p.finished != nil {
				t.Errorf("the login after the fault failed: %v, %v", p.received, p.finished)
			}
		})
	}
}

func asResponseError(err error, re **bundid.ResponseError) bool { return errors.As(err, re) }
