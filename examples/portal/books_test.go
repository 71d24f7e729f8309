package portal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/sims"
	"github.com/stadttor/stadttor/payment/paymentsim"
)

// books are what a portal and the systems outside have written down. Tests
// compare them after everything went wrong.
type books struct {
	t    testing.TB
	db   *database.DB
	data string
	set  *sims.Set
	old  map[string]bool // references and notices that were there before
}

// openBooks opens the database of a portal beside it.
func openBooks(t testing.TB, url, data string, set *sims.Set) *books {
	t.Helper()
	db, err := database.Open(context.Background(), url, data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &books{t: t, db: db, data: data, set: set, old: map[string]bool{}}
	for _, a := range b.applications() {
		b.old[a.Reference] = true
	}
	for _, id := range rows[string](b, "SELECT id FROM postkorb_notices") {
		b.old[id] = true
	}
	return b
}

func rows[T any](b *books, query string, args ...any) []T {
	b.t.Helper()
	var out []T
	if err := b.db.Read.NewRaw(query, args...).Scan(context.Background(), &out); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return out
}

type bookedApplication struct{ ID, Reference, Draft, Status, Thread string }

// applications are those that came since the books were opened.
func (b *books) applications() []bookedApplication {
	b.t.Helper()
	var out []bookedApplication
	for _, a := range rows[bookedApplication](b, "SELECT id, reference, draft, status, thread FROM portal_applications ORDER BY received_at, id") {
		if !b.old[a.Reference] {
			out = append(out, a)
		}
	}
	return out
}

// pending lists what the portal still has to do by itself.
func (b *books) pending() []string {
	b.t.Helper()
	return rows[string](b, `
		SELECT 'delivery ' || delivery_key || ' of ' || reference || ' ' || state || ' ' || last_error FROM federation_deliveries WHERE state IN ('queued', 'sending')
		UNION ALL SELECT 'notice ' || id || ' ' || state || ' ' || last_error FROM postkorb_notices WHERE state IN ('queued', 'sending')
		UNION ALL SELECT 'attempt of ' || order_id || ' ' || state || ' ' || last_error FROM payment_attempts WHERE state IN ('created', 'started')
		UNION ALL SELECT 'booking ' || id FROM payment_bookings WHERE batch = 0`)
}

type bookedDelivery struct {
	Key         string `bun:"delivery_key"`
	Destination string
	Reference   string
	State       string
	LastError   string
	Receipt     string `bun:"receipt_id"`
}

type bookedAttempt struct {
	TxID     string `bun:"txid"`
	Order    string `bun:"order_id"`
	State    string
	Cents    int64 `bun:"amount_minor"`
	Expected string
}

// proveAll compares everything with what visitors were told.
func (b *books) proveAll(done []application) {
	b.t.Helper()
	b.proveApplications(done)
	b.provePayments(done)
	b.proveBookings()
	b.proveDeliveries(done)
	b.proveNotices()
	b.proveFolders()
}

func (b *books) proveApplications(done []application) {
	b.t.Helper()
	stored := map[string]bookedApplication{}
	for _, a := range b.applications() {
		stored[a.Reference] = a
	}
	acknowledged := map[string]bool{}
	for _, a := range done {
		if acknowledged[a.ref] {
			b.t.Errorf("%s was acknowledged for two applications", a.ref)
		}
		acknowledged[a.ref] = true
		s, ok := stored[a.ref]
		if !ok {
			b.t.Errorf("%s was acknowledged and is lost", a.ref)
			continue
		}
		if s.Draft != a.draft || (a.id != "" && a.id != s.ID) {
			b.t.Errorf("%s is another application: %+v, %+v", a.ref, s, a)
		}
	}
	for ref, s := range stored {
		if !acknowledged[ref] {
			b.t.Errorf("%s is there and nobody sent it: %+v", ref, s)
		}
	}
	for _, m := range rows[string](b, `SELECT a.reference || ' ' || m.kind || ' ' || m.subject FROM postkorb_messages m JOIN portal_applications a ON a.thread = m.thread_id
		WHERE m.from_kind <> 'citizen' AND m.kind <> 'status' GROUP BY a.reference, m.kind, m.subject, m.body HAVING COUNT(*) > 1`) {
		if ref, _, _ := strings.Cut(m, " "); !b.old[ref] {
			b.t.Errorf("a message is there twice: %s", m)
		}
	}
}

// provePayments: the portal says paid exactly where the payment service does,
// and nobody paid twice.
func (b *books) provePayments(done []application) {
	b.t.Helper()
	attempts := map[string]bookedAttempt{}
	for _, a := range rows[bookedAttempt](b, "SELECT txid, order_id, state, amount_minor FROM payment_attempts") {
		attempts[a.TxID] = a
	}
	paidThere := map[string]int{}
	for _, tx := range b.set.Payment.Transactions() {
		a, ok := attempts[tx.TxID]
		if !ok {
			b.t.Errorf("the payment service has a payment that the portal does not know: %s %s", tx.TxID, tx.State)
			continue
		}
		if tx.State == paymentsim.StatePaid {
			paidThere[a.Order]++
		}
		if (tx.State == paymentsim.StatePaid) != (a.State == "paid") {
			b.t.Errorf("payment %s is %s there and %s here", tx.TxID, tx.State, a.State)
		}
	}
	type order struct{ ID, Reference, State string }
	paidHere := map[string]bool{}
	byReference := map[string]order{}
	for _, o := range rows[order](b, "SELECT id, reference, state FROM payment_orders") {
		byReference[o.Reference] = o
		if b.old[o.Reference] {
			continue
		}
		paidHere[o.ID] = o.State == "paid"
		if n := paidThere[o.ID]; n > 1 || (n == 1) != (o.State == "paid") {
			b.t.Errorf("%s is %s here and was paid %d times there", o.Reference, o.State, n)
		}
	}
	for _, a := range done {
		if a.paid && !paidHere[byReference[a.ref].ID] {
			b.t.Errorf("%s was paid by the visitor and is %s", a.ref, byReference[a.ref].State)
		}
	}
	if n := rows[int](b, "SELECT COUNT(*) FROM portal_refunds"); n[0] != 0 {
		b.t.Errorf("%d payments are to be given back", n[0])
	}
}

// proveBookings: each paid order is in one file, and the finance system has the
// files as they are in the database.
func (b *books) proveBookings() {
	b.t.Helper()
	type booking struct {
		ID     string
		Order  string `bun:"order_id"`
		Batch  int64
		Place  int64
		Amount int64 `bun:"total_minor"`
	}
	booked := map[string]int{}
	var sum int64
	byID := map[string]booking{}
	for _, k := range rows[booking](b, "SELECT id, order_id, batch, place, total_minor FROM payment_bookings") {
		booked[k.Order]++
		sum += k.Amount
		byID[k.ID] = k
	}
	var paid int64
	for _, o := range rows[bookedAttempt](b, "SELECT txid, order_id, state, amount_minor FROM payment_attempts WHERE state = 'paid'") {
		if paid += o.Cents; booked[o.Order] != 1 {
			b.t.Errorf("order %s is booked %d times", o.Order, booked[o.Order])
		}
		delete(booked, o.Order)
	}
	for o := range booked {
		b.t.Errorf("order %s is booked and not paid", o)
	}
	if sum != paid {
		b.t.Errorf("booked %d cents, paid %d", sum, paid)
	}
	type batch struct {
		Number   int64
		Bookings int
		Sum      int64 `bun:"sum_minor"`
		Content  []byte
	}
	files := map[string]int{}
	for _, f := range b.files("kasse") {
		if strings.HasSuffix(f, ".csv") {
			raw, err := os.ReadFile(f)
			if err != nil {
				b.t.Fatal(err)
			}
			files[string(raw)]++
		}
	}
	in, next := map[string]int{}, int64(1)
	for _, f := range rows[batch](b, "SELECT number, bookings, sum_minor, content FROM payment_batches ORDER BY number") {
		if f.Number != next {
			b.t.Errorf("file %d follows %d", f.Number, next-1)
		}
		next = f.Number + 1
		content := string(f.Content)
		if files[content] != 1 {
			b.t.Errorf("file %d was handed over %d times", f.Number, files[content])
		}
		delete(files, content)
		n := 0
		for id := range byID {
			if strings.Contains(content, id) {
				in[id]++
				n++
			}
		}
		if n != f.Bookings {
			b.t.Errorf("file %d says %d bookings and has %d", f.Number, f.Bookings, n)
		}
	}
	if len(files) > 0 {
		b.t.Errorf("%d files that nobody made", len(files))
	}
	for id := range byID {
		if in[id] != 1 {
			b.t.Errorf("booking %s is in %d files", id, in[id])
		}
	}
}

// proveDeliveries: what was sent is there, once; what has to be paid first only
// when it was paid.
func (b *books) proveDeliveries(done []application) {
	b.t.Helper()
	there := map[string]int{} // by key, at the back office and in the folder
	for _, s := range b.set.Office.Submissions() {
		there[s.Key]++
	}
	for _, f := range b.files("uebergabe") {
		if filepath.Base(f) == "manifest.json" && !strings.Contains(f, ".pending-") {
			raw, err := os.ReadFile(f)
			if err != nil {
				b.t.Fatal(err)
			}
			if _, key, ok := strings.Cut(string(raw), `"key": "`); ok {
				key, _, _ = strings.Cut(key, `"`)
				there[key]++
			} else {
				b.t.Fatalf("manifest: %s", raw)
			}
		}
	}
	byReference := map[string][]bookedDelivery{}
	for _, d := range rows[bookedDelivery](b, "SELECT delivery_key, destination, reference, state, last_error, receipt_id FROM federation_deliveries ORDER BY created_at") {
		byReference[d.Reference] = append(byReference[d.Reference], d)
		if b.old[d.Reference] || strings.HasPrefix(d.Destination, "kasse") {
			continue
		}
		if d.State != "delivered" || d.Receipt == "" {
			b.t.Errorf("%s of %s is %s (%s)", d.Key, d.Reference, d.State, d.LastError)
		}
		if there[d.Key] != 1 {
			b.t.Errorf("%s of %s is there %d times", d.Key, d.Reference, there[d.Key])
		}
	}
	for _, a := range b.applications() {
		n := 0
		for _, d := range byReference[a.Reference] {
			if d.Key == antrag.KeyApplication+a.ID {
				n++
			}
		}
		unpaid := false
		for _, x := range done {
			unpaid = unpaid || x.ref == a.Reference && x.cents > 0 && !x.paid
		}
		if want := 1; n != want && !unpaid || unpaid && n != 0 {
			b.t.Errorf("%s has %d deliveries (unpaid: %v)", a.Reference, n, unpaid)
		}
	}
}

// proveNotices: one mail for each notice, whatever was repeated.
func (b *books) proveNotices() {
	b.t.Helper()
	mails := map[string]bool{} // by the notice
	for _, m := range b.set.Mail.Mails() {
		id, _, _ := strings.Cut(strings.Trim(m.MessageID, "<>"), "@")
		if mails[id] {
			b.t.Errorf("two mails of the notice %s", id)
		}
		mails[id] = true
	}
	type notice struct{ ID, State, LastError string }
	for _, n := range rows[notice](b, "SELECT id, state, last_error FROM postkorb_notices") {
		if !b.old[n.ID] && n.State != "sent" && n.LastError != "no-address" {
			b.t.Errorf("notice %s is %s (%s)", n.ID, n.State, n.LastError)
		}
		if !b.old[n.ID] && (n.State == "sent") != mails[n.ID] {
			b.t.Errorf("notice %s is %s, a mail came: %v", n.ID, n.State, mails[n.ID])
		}
		delete(mails, n.ID)
	}
	for id := range mails {
		b.t.Errorf("a mail of no notice: %s", id)
	}
}

// files are all files under a folder of the portal's data.
func (b *books) files(folder string) []string {
	b.t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(b.data, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// rests are what is half done in the folders.
func (b *books) rests() []string {
	b.t.Helper()
	var out []string
	for _, folder := range []string{"kasse", "uebergabe", "blobs"} {
		for _, f := range b.files(folder) {
			if strings.Contains(f, string(filepath.Separator)+".neu-") || strings.Contains(f, string(filepath.Separator)+".pending-") {
				out = append(out, f)
			}
		}
	}
	return out
}

// age makes the rests of the dead old enough to be taken away.
func (b *books) age() int {
	b.t.Helper()
	all := b.rests()
	for _, f := range all {
		for path := f; path != b.data; path = filepath.Dir(path) {
			if name := filepath.Base(path); strings.HasPrefix(name, ".neu-") || strings.HasPrefix(name, ".pending-") {
				at := time.Now().Add(-25 * time.Hour)
				if err := os.Chtimes(path, at, at); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
	return len(all)
}

func (b *books) proveFolders() {
	b.t.Helper()
	for _, f := range b.rests() {
		b.t.Errorf("left behind: %s", f)
	}
}
