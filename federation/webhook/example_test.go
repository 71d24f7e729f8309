package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/webhook"
)

// What is on the wire: the example of the package's documentation.
func ExampleTransport_Query() {
	secret := []byte("0123456789abcdef0123456789abcdef")
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		signature := r.Header.Get("Callback-Authentication")
		fmt.Println(r.Method, r.URL.Path, string(body))
		fmt.Println(r.Header.Get("Callback-Timestamp"), r.Header.Get("Content-Digest"))
		fmt.Println(signature[:32])
		answer := `{"hunde":[]}`
		w.Header().Set("Callback-Timestamp", "1774749601")
		w.Header().Set("Callback-Authentication", sign(secret, "1774749601.200."+signature+"."+digest([]byte(answer))))
		fmt.Println(w.Header().Get("Callback-Authentication")[:32])
		_, _ = io.WriteString(w, answer)
	}))
	defer office.Close()
	transport, err := webhook.New(webhook.Config{URL: office.URL + "/schnittstelle", Sender: "altenwehr", Secret: secret,
		InsecureAllowHTTP: true, Now: func() time.Time { return time.Unix(1774749600, 0) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	var answer struct{ Hunde []string }
	err = transport.Query(context.Background(), "hunde", map[string]int{"a": 1}, &answer)
	fmt.Println(len(answer.Hunde), err)
	// Output:
	// POST /schnittstelle/abfragen/hunde {"a":1}
	// 1774749600 sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:
	// d7bc4093d0975110cbe944d100c5724a
	// 609d1a49848ff8c3ec0fe68cca21f52a
	// 0 <nil>
}

// Replies come to an address of the portal's own. Each has its effect once.
func ExampleNewReceiver() {
	inlet := federation.NewInlet(federation.NewReplyMemStore(), nil)
	take := func(ctx context.Context, r federation.Reply) error {
		first, err := inlet.Take(ctx, r)
		if first {
			fmt.Println(r.Source, r.Kind, r.Reference)
		}
		return err
	}
	handler := webhook.NewReceiver(webhook.ReceiverConfig{
		Source: "steuern", Secret: []byte("0123456789abcdef0123456789abcdef"), Take: take,
	})
	for range 2 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, letter{secret: secret, method: http.MethodPost, path: "/antworten", body: goodReply, sent: goodReply, at: time.Now()}.request())
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// steuern document-request AW-1
	// 200 {"code":"taken"}
	// 200 {"code":"taken"}
}
