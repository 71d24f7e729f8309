package bundid_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

// Example logs an invented citizen in against the simulator.
func Example() {
	ctx := context.Background()
	var sp *bundid.ServiceProvider
	sim, err := bundidsim.Start(&bundidsim.Options{
		Keys:       idpKeys(),
		SPMetadata: func(context.Context, string) ([]byte, error) { return sp.Metadata() },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()

	keys := spKeys() // yours: any crypto.Signer and crypto.Decrypter
	sp, err = bundid.New(bundid.Config{
		EntityID:                "http://127.0.0.1:8080/sp",
		ACSURL:                  "http://127.0.0.1:8080/acs",
		IDPMetadata:             sim.Metadata(),
		SigningKey:              keys.Key,
		SigningCertificate:      keys.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: keys.Key, Certificate: keys.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr",
		OnlineServiceID:         "BMI-A0000",
		InsecureAllowHTTP:       true, // only because the simulator has no https
	}, bundid.NewMemStore(0))
	if err != nil {
		log.Fatal(err)
	}

	redirect, err := sp.Start(ctx, bundid.LoginRequest{
		Level:      bundid.LevelSubstantiell,
		Attributes: []bundid.RequestedAttribute{{Name: bundid.AttrSurname}, {Name: bundid.AttrBPK2}},
		State:      "form 17",
	})
	if err != nil {
		log.Fatal(err)
	}

	// The citizen chooses at the account; her browser posts the answer.
	if err := sim.SignInAs("meike-harms", bundid.MeansEID); err != nil {
		log.Fatal(err)
	}
	answer := visitAccount(redirect)

	ticket, err := sp.Receive(ctx, answer)
	if err != nil {
		log.Fatal(err)
	}
	page := httptest.NewRequest(http.MethodGet, "/login/done", nil)
	page.AddCookie(redirect.Cookie)
	login, err := sp.Finish(ctx, ticket, page)
	if err != nil {
		log.Fatal(err)
	}
	name, _ := login.Attribute(bundid.AttrSurname)
	fmt.Println(login.Level, login.Means, login.State, login.Guest)
	fmt.Println(name.Value, name.Level)
	// Output:
	// STORK-QAA-Level-4 eID form 17 false
	// HARMS STORK-QAA-Level-4
}

// visitAccount plays the browser: it posts the request and returns the POST
// that the account's page makes.
func visitAccount(redirect *bundid.Redirect) *http.Request {
	resp, err := http.PostForm(redirect.URL, redirect.Form)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	page, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		log.Fatal(err)
	}
	fields := url.Values{}
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "input" {
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/acs", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func ExampleParseLevel() {
	level, ok := bundid.ParseLevel("STORK-QAA-Level-3")
	fmt.Println(level >= bundid.LevelSubstantiell, ok)
	// Output: true true
}

func ExampleServiceProvider_Start() {
	sp, err := bundid.New(testConfig("http://127.0.0.1:8080", idpMetadata()), bundid.NewMemStore(0))
	if err != nil {
		log.Fatal(err)
	}
	_, err = sp.Start(context.Background(), bundid.LoginRequest{Level: bundid.LevelHoch, Lang: "fr"})
	fmt.Println(err)
	// Output: bundid: login request: field Lang is not valid
}
