package federation_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/federationtest"
)

func TestMemStore(t *testing.T) {
	t.Parallel()
	federationtest.TestStore(t, func(t *testing.T) federation.Store { return federation.NewMemStore() })
}

// backOffice is a recipient that de-duplicates by key, as the contract asks.
// Before runs ahead of each attempt and may fail it; after runs when the
// delivery has arrived and may lose the acknowledgement.
type backOffice struct {
	mu            sync.Mutex
	arrived       map[string]int
	calls         int
	before, after func(ctx context.Context, call int) error
}

func (b *backOffice) Deliver(ctx context.Context, d federation.Delivery, open func(context.Context, federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	b.mu.Lock()
	b.calls++
	call := b.calls
	b.mu.Unlock()
	if b.before != nil {
		if err := b.before(ctx, call); err != nil {
			return federation.Receipt{}, err
		}
	}
	for _, p := range d.Attachments {
		r, err := open(ctx, p)
		if err != nil {
			return federation.Receipt{}, err
		}
		r.Close()
	}
	b.mu.Lock()
	if b.arrived == nil {
		b.arrived = map[string]int{}
	}
	if b.arrived[d.Key] == 0 {
		b.arrived[d.Key] = call
	}
	receipt := federation.Receipt{ID: "receipt-" + d.Key}
	b.mu.Unlock()
	if b.after != nil {
		if err := b.after(ctx, call); err != nil {
			return federation.Receipt{}, err
		}
	}
	return receipt, nil
}

func options(b *backOffice) *federation.Options {
	return &federation.Options{Transports: map[string]federation.Transport{"bauamt": b},
		Backoff: []time.Duration{time.Minute, 5 * time.Minute}, MaxAttempts: 4, Lease: 10 * time.Minute}
}

func letter(key string) federation.Delivery {
	return federation.Delivery{Key: key, Destination: "bauamt", Subject: "99012345", Reference: "BAU-1",
		Payload: federation.Payload{MediaType: "application/json", Body: []byte(`{"a":1}`)}}
}

func enqueue(t *testing.T, o *federation.Outbox, d federation.Delivery) federation.Delivery {
	t.Helper()
	d, err := o.Enqueue(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func deliver(t *testing.T, o *federation.Outbox, id string) federation.Delivery {
	t.Helper()
	if err := o.Deliver(t.Context(), id); err != nil {
		t.Fatalf("Deliver: %v", err)
	}
	d, err := o.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		office := &backOffice{}
		o := federation.New(federation.NewMemStore(), options(office))
		d := enqueue(t, o, letter("k"))
		if d.State != federation.StateQueued || d.ID == "" || !d.NextAt.Equal(time.Now()) {
			t.Errorf("enqueued %+v", d)
		}
		due, err := o.Due(t.Context(), time.Now(), 0)
		if diff := cmp.Diff([]string{d.ID}, due); diff != "" || err != nil {
			t.Errorf("Due: %v (-want +got):\n%s", err, diff)
		}
		want := d
		want.State, want.Attempts, want.Version = federation.StateDelivered, 1, 3
		want.NextAt, want.DeliveredAt = time.Time{}, time.Now().UTC()
		want.Receipt = federation.Receipt{ID: "receipt-k", At: time.Now().UTC()}
		for range 2 {
			if diff := cmp.Diff(want, deliver(t, o, d.ID)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if office.calls != 1 {
			t.Errorf("%d calls", office.calls)
		}
		if err := o.Deliver(t.Context(), "x"); !errors.Is(err, federation.ErrNotFound) {
			t.Errorf("unknown id: %v", err)
		}
	})
}

// A receipt with a time that no database takes must not make us send again.
func TestReceiptOfAnImpossibleTime(t *testing.T) {
	t.Parallel()
	for _, year := range []int{-1, 0, 10000} {
		office := stamp{time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)}
		o := federation.New(federation.NewMemStore(), &federation.Options{Transports: map[string]federation.Transport{"bauamt": office}})
		d := deliver(t, o, enqueue(t, o, letter("k")).ID)
		if d.State != federation.StateDelivered || d.Receipt.ID != "r" || d.Receipt.At.Year() != d.DeliveredAt.Year() {
			t.Errorf("year %d: %s with %v", year, d.State, d.Receipt)
		}
	}
}

type stamp struct{ at time.Time }

func (s stamp) Deliver(context.Context, federation.Delivery, func(context.Context, federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	return federation.Receipt{ID: "r", At: s.at}, nil
}

func TestEnqueueIsIdempotentByKey(t *testing.T) {
	t.Parallel()
	o := federation.New(federation.NewMemStore(), options(&backOffice{}))
	first := enqueue(t, o, letter("k"))
	deliver(t, o, first.ID)
	again := enqueue(t, o, letter("k"))
	if again.ID != first.ID || again.State != federation.StateDelivered {
		t.Errorf("again: %+v", again)
	}
	other := letter("k")
	other.Payload.Body = []byte("{}")
	if _, err := o.Enqueue(t.Context(), other); !errors.Is(err, federation.ErrExists) {
		t.Errorf("other content: %v", err)
	}
	sameID := letter("k2")
	sameID.ID = first.ID
	if _, err := o.Enqueue(t.Context(), sameID); !errors.Is(err, federation.ErrExists) {
		t.Errorf("same id, other key: %v", err)
	}
}

func TestEnqueueRefuses(t *testing.T) {
	t.Parallel()
	opts := options(&backOffice{})
	opts.MaxPayload = 10
	o := federation.New(federation.NewMemStore(), opts)
	part := federation.Part{Name: "a", MediaType: "text/plain", BlobKey: "b", SHA256: strings.Repeat("0a", 32)}
	for _, c := range []struct {
		field string
		rule  federation.Rule
		spoil func(d *federation.Delivery)
	}{
		{"key", federation.RuleRequired, func(d *federation.Delivery) { d.Key = "" }},
		{"key", federation.RuleText, func(d *federation.Delivery) { d.Key = "a\x00" }},
		{"key", federation.RuleTooLong, func(d *federation.Delivery) { d.Key = strings.Repeat("k", 1025) }},
		{"id", federation.RuleText, func(d *federation.Delivery) { d.ID = "\xff" }},
		{"destination", federation.RuleRequired, func(d *federation.Delivery) { d.Destination = "" }},
		{"subject", federation.RuleText, func(d *federation.Delivery) { d.Subject = "\x00" }},
		{"reference", federation.RuleText, func(d *federation.Delivery) { d.Reference = "\xc3" }},
		{"media type", federation.RuleRequired, func(d *federation.Delivery) { d.Payload.MediaType = "" }},
		{"payload", federation.RuleTooLong, func(d *federation.Delivery) { d.Payload.Body = make([]byte, 11) }},
		{"attachment name", federation.RuleRequired, func(d *federation.Delivery) { d.Attachments[0].Name = "" }},
		{"attachment media type", federation.RuleRequired, func(d *federation.Delivery) { d.Attachments[0].MediaType = "" }},
		{"attachment blob key", federation.RuleRequired, func(d *federation.Delivery) { d.Attachments[0].BlobKey = "" }},
		{"attachment sha256", federation.RuleSyntax, func(d *federation.Delivery) { d.Attachments[0].SHA256 = strings.Repeat("0A", 32) }},
		{"attachment sha256", federation.RuleSyntax, func(d *federation.Delivery) { d.Attachments[0].SHA256 = "00" }},
		{"attachment size", federation.RuleSyntax, func(d *federation.Delivery) { d.Attachments[0].Size = -1 }},
		{"attachments", federation.RuleTooLong, func(d *federation.Delivery) { d.Attachments = make([]federation.Part, 1001) }},
	} {
		d := letter("k")
		d.Attachments = []federation.Part{part}
		c.spoil(&d)
		_, err := o.Enqueue(t.Context(), d)
		var invalid *federation.InvalidError
		if !errors.As(err, &invalid) || *invalid != (federation.InvalidError{Field: c.field, Rule: c.rule}) {
			t.Errorf("got %v, want invalid %s: %s", err, c.field, c.rule)
		}
	}
}

// The pauses follow the schedule to the microsecond; after the last attempt a
// person is needed, and Retry begins anew.
func TestBackoffAndRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := true
		office := &backOffice{before: func(context.Context, int) error {
			if broken {
				return errors.New("connection refused by 10.0.0.1")
			}
			return nil
		}}
		o := federation.New(federation.NewMemStore(), options(office))
		id := enqueue(t, o, letter("k")).ID
		for i, pause := range []time.Duration{time.Minute, 5 * time.Minute, 5 * time.Minute} {
			d := deliver(t, o, id)
			if d.State != federation.StateQueued || d.Attempts != i+1 || d.LastError != "unknown" || time.Until(d.NextAt) != pause {
				t.Fatalf("attempt %d: %+v", i+1, d)
			}
			time.Sleep(pause - time.Microsecond)
			if early := deliver(t, o, id); early.Version != d.Version {
				t.Errorf("an attempt before its time: %+v", early)
			}
			time.Sleep(time.Microsecond)
		}
		d := deliver(t, o, id)
		if d.State != federation.StateFailed || d.Attempts != 4 || !d.NextAt.IsZero() {
			t.Fatalf("given up: %+v", d)
		}
		if due, err := o.Due(t.Context(), time.Now().Add(time.Hour), 1); err != nil || len(due) != 0 {
			t.Errorf("a failed delivery is due: %v, %v", due, err)
		}
		broken = false
		if err := o.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if d := deliver(t, o, id); d.State != federation.StateDelivered || d.Attempts != 1 || d.LastError != "" {
			t.Errorf("after Retry: %+v", d)
		}
	})
}

func TestErrorsOfTransports(t *testing.T) {
	t.Parallel()
	var nilError *federation.TransportError
	for _, c := range []struct {
		name  string
		err   error
		state federation.State
		code  string
		pause time.Duration
	}{
		{"permanent", &federation.TransportError{Reason: federation.ReasonRejected, Permanent: true}, federation.StateFailed, "rejected", 0},
		{"temporary", &federation.TransportError{Reason: federation.ReasonBusy}, federation.StateQueued, "busy", time.Minute},
		{"asks for more", &federation.TransportError{Reason: federation.ReasonBusy, RetryAfter: time.Hour}, federation.StateQueued, "busy", time.Hour},
		{"asks for less", &federation.TransportError{Reason: federation.ReasonBusy, RetryAfter: time.Second}, federation.StateQueued, "busy", time.Minute},
		{"asks for too much", &federation.TransportError{Reason: federation.ReasonBusy, RetryAfter: 1 << 62}, federation.StateQueued, "busy", 24 * time.Hour},
		{"wrapped", errors.Join(io.EOF, &federation.TransportError{Reason: federation.ReasonTooLarge, Permanent: true}), federation.StateFailed, "too-large", 0},
		{"without reason", &federation.TransportError{}, federation.StateQueued, "unknown", time.Minute},
		{"foreign reason", &federation.TransportError{Reason: "a\x00\xffb"}, federation.StateQueued, "a\uFFFDb", time.Minute},
		{"typed nil", nilError, federation.StateQueued, "unknown", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				office := &backOffice{before: func(context.Context, int) error { return c.err }}
				o := federation.New(federation.NewMemStore(), options(office))
				d := deliver(t, o, enqueue(t, o, letter("k")).ID)
				if d.State != c.state || d.LastError != c.code {
					t.Errorf("got %s, %q; want %s, %q", d.State, d.LastError, c.state, c.code)
				}
				if c.pause > 0 && time.Until(d.NextAt) != c.pause {
					t.Errorf("pause %v, want %v", time.Until(d.NextAt), c.pause)
				}
			})
		})
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	named, scheme := &backOffice{}, &backOffice{}
	transports := map[string]federation.Transport{"sftp:special": named, "sftp": scheme}
	o := federation.New(federation.NewMemStore(), &federation.Options{Transports: transports})
	for i, c := range []struct {
		destination  string
		state        federation.State
		named, other int
	}{
		{"sftp:special", federation.StateDelivered, 1, 0},
		{"sftp:host", federation.StateDelivered, 1, 1},
		{"sftp", federation.StateDelivered, 1, 2},
		{"fax:1", federation.StateFailed, 1, 2},
	} {
		d := letter(string(rune('a' + i)))
		d.Destination = c.destination
		d = deliver(t, o, enqueue(t, o, d).ID)
		if d.State != c.state || named.calls != c.named || scheme.calls != c.other {
			t.Errorf("%s: %s %q, calls %d and %d", c.destination, d.State, d.LastError, named.calls, scheme.calls)
		}
	}
	o = federation.New(federation.NewMemStore(), &federation.Options{Transports: transports, Route: func(string) string { return "sftp" }})
	d := letter("k")
	d.Destination = "anything"
	if d := deliver(t, o, enqueue(t, o, d).ID); d.State != federation.StateDelivered {
		t.Errorf("routed: %+v", d)
	}
}

func TestOpenPart(t *testing.T) {
	t.Parallel()
	d := letter("k")
	d.Attachments = []federation.Part{federationtest.Part("a.pdf", "application/pdf", "blob")}
	for name, c := range map[string]struct {
		open  federation.OpenFunc
		state federation.State
	}{
		"none":  {nil, federation.StateFailed},
		"works": {federationtest.Open, federation.StateDelivered},
		"fails": {func(context.Context, federation.Part) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }, federation.StateQueued},
		"is gone": {func(context.Context, federation.Part) (io.ReadCloser, error) {
			return nil, &federation.TransportError{Reason: federation.ReasonAttachment, Permanent: true}
		}, federation.StateFailed},
	} {
		opts := options(&backOffice{})
		opts.OpenPart = c.open
		o := federation.New(federation.NewMemStore(), opts)
		got := deliver(t, o, enqueue(t, o, d).ID)
		if got.State != c.state || (c.state != federation.StateDelivered && got.LastError != "attachment") {
			t.Errorf("%s: %s, %q", name, got.State, got.LastError)
		}
	}
}

func TestRetryAndCancel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from          federation.State
		retry, cancel federation.State // empty: refused
	}{
		{federation.StateQueued, federation.StateQueued, federation.StateCancelled},
		{federation.StateSending, "", ""},
		{federation.StateDelivered, "", ""},
		{federation.StateFailed, federation.StateQueued, federation.StateCancelled},
		{federation.StateCancelled, "", federation.StateCancelled},
	} {
		for name, want := range map[string]federation.State{"retry": c.retry, "cancel": c.cancel} {
			store := federation.NewMemStore()
			o := federation.New(store, nil)
			d := letter("k")
			d.ID, d.State = "d", c.from
			if err := store.Create(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			call := map[string]func(context.Context, string) error{"retry": o.Retry, "cancel": o.Cancel}[name]
			err := call(t.Context(), "d")
			var refused *federation.StateError
			if (want == "") != errors.As(err, &refused) || (want != "") != (err == nil) {
				t.Errorf("%s from %s: %v", name, c.from, err)
			}
			if got, _ := o.Get(t.Context(), "d"); want != "" && got.State != want {
				t.Errorf("%s from %s: %s", name, c.from, got.State)
			}
			if err := call(t.Context(), "x"); !errors.Is(err, federation.ErrNotFound) {
				t.Errorf("%s of an unknown id: %v", name, err)
			}
		}
	}
}

func TestListContinues(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	o := federation.New(federation.NewMemStore(), &federation.Options{Now: func() time.Time { return now }})
	for _, key := range []string{"a", "b", "c"} {
		d := letter(key)
		d.ID = "id-" + key
		enqueue(t, o, d)
	}
	var got []string
	pages := 0
	for after := (federation.Cursor{}); ; pages++ {
		list, next, err := o.List(t.Context(), federation.StateQueued, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			got = append(got, d.Key)
		}
		if after = next; after == (federation.Cursor{}) {
			break
		}
	}
	if diff := cmp.Diff([]string{"c", "b", "a"}, got); diff != "" || pages != 1 {
		t.Errorf("%d pages (-want +got):\n%s", pages+1, diff)
	}
	list, err := o.ByReference(t.Context(), "BAU-1")
	if err != nil || len(list) != 3 || list[0].Key != "a" {
		t.Errorf("ByReference: %v, %v", list, err)
	}
}
