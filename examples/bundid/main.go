// Command bundid shows the login with BundID alone: the simulated account as a
// server, and beside it the smallest service that uses it.
//
//	go run ./examples/bundid         # open the address and log in
//	go run ./examples/bundid -auto   # logs in by itself and ends
//
// Everything lives in memory. A real service uses bundidsql, https, keys that
// stay, and BundID's own metadata.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/bundid/bundidsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("bundid", flag.ContinueOnError)
	flags.SetOutput(out)
	auto := flags.Bool("auto", false, "log in without a browser and end")
	listen := flags.String("listen", "127.0.0.1:0", "address of the service")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := newService(*listen)
	if err != nil {
		return err
	}
	defer s.sim.Close()
	server := &http.Server{Handler: s.pages(), ReadHeaderTimeout: 10 * time.Second}
	defer server.Close()
	go server.Serve(s.listener)
	fmt.Fprintf(out, "account (simulated): %s\nservice:             %s\n", s.sim.URL, s.url)
	if *auto {
		return visit(ctx, out, s)
	}
	fmt.Fprintln(out, "open the service in a browser; Ctrl+C ends")
	<-ctx.Done()
	return nil
}

// service is a page behind a login.
type service struct {
	url      string
	listener net.Listener
	sp       *bundid.ServiceProvider
	sim      *bundidsim.Server
}

func newService(listen string) (*service, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	s := &service{url: "http://" + l.Addr().String(), listener: l}
	keys, err := bundidsim.GenerateKeys(time.Now()) // any RSA pair; a real one comes from a file
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s.sim, err = bundidsim.Start(&bundidsim.Options{SPMetadata: func(_ context.Context, entityID string) ([]byte, error) {
		if entityID != s.url {
			return nil, nil // registered is this service only
		}
		return s.sp.Metadata()
	}})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s.sp, err = bundid.New(bundid.Config{
		EntityID: s.url, ACSURL: s.url + "/acs", IDPMetadata: s.sim.Metadata(),
		SigningKey: keys.Key, SigningCertificate: keys.Certificate,
		DecryptionKeys:          []bundid.DecryptionKey{{Key: keys.Key, Certificate: keys.Certificate}},
		OrganizationDisplayName: "Stadt Altenwehr", OnlineServiceID: "BMI-A0000",
		InsecureAllowHTTP: true, // only because the simulator has no https
	}, bundid.NewMemStore(0))
	if err != nil {
		return nil, errors.Join(err, s.sim.Close(), l.Close())
	}
	return s, nil
}

var page = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="de"><meta charset="utf-8"><title>Beispiel</title><h1>{{.Title}}</h1>
{{with .Redirect}}<form method="post" action="{{.URL}}">{{range $k, $v := .Form}}<input type="hidden" name="{{$k}}" value="{{index $v 0}}">{{end}}<button>Zur BundID</button></form>{{end}}
{{with .Login}}<dl><dt>Level</dt><dd>{{.Level}}</dd><dt>Means</dt><dd>{{.Means}}</dd></dl>{{end}}{{with .Name}}<p>Name: {{.}}</p>{{end}}`))

type view struct {
	Title    string
	Redirect *bundid.Redirect
	Login    *bundid.Login
	Name     string
}

func (s *service) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		redirect, err := s.sp.Start(r.Context(), bundid.LoginRequest{Level: bundid.LevelSubstantiell,
			Attributes: []bundid.RequestedAttribute{{Name: bundid.AttrSurname}, {Name: bundid.AttrBPK2}}})
		if err != nil {
			http.Error(w, "login cannot begin", http.StatusInternalServerError)
			return
		}
		http.SetCookie(w, redirect.Cookie)
		page.Execute(w, view{Title: "Anmelden", Redirect: redirect})
	})
	mux.HandleFunc("POST /acs", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := s.sp.Receive(r.Context(), r)
		if err != nil { // a *bundid.ResponseError says why
			http.Error(w, "login refused", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, "/fertig?ticket="+ticket, http.StatusSeeOther)
	})
	mux.HandleFunc("GET /fertig", func(w http.ResponseWriter, r *http.Request) {
		login, err := s.sp.Finish(r.Context(), r.URL.Query().Get("ticket"), r)
		if err != nil {
			http.Error(w, "login is over or belongs to another browser", http.StatusForbidden)
			return
		}
		name, _ := login.Attribute(bundid.AttrSurname)
		page.Execute(w, view{Title: "Angemeldet", Login: login, Name: name.Value})
	})
	return mux
}
