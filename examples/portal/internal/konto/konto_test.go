package konto_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/database"
	"github.com/stadttor/stadttor/examples/portal/internal/konto"
)

func service(t *testing.T) (*konto.Service, *time.Time) {
	t.Helper()
	db, err := database.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := database.Migrate(t.Context(), db.Write); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 10, 9, 0, 0, 123456000, time.UTC)
	return &konto.Service{DB: db, Now: func() time.Time { return now }}, &now
}

func TestCreateTwiceAtOnceIsOneAccount(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	ids := make([]string, 6)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			a, err := s.Create(context.Background(), konto.Account{BPK2: "mark", ConsentText: "1", Mail: "a@example.org"})
			if err != nil {
				t.Error(err)
			}
			ids[i] = a.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("accounts differ: %v", ids)
		}
	}
}

func TestRefreshKeepsWhatIsMoreCertain(t *testing.T) {
	t.Parallel()
	s, now := service(t)
	at := *now
	a, err := s.Create(t.Context(), konto.Account{BPK2: "m", ConsentText: "1", Level: 4, Means: "eID",
		Attributes: []konto.Attribute{{"surname", "ẞ", 4, "eID", at}, {"mail", "old@example.org", 1, "eID", at}}})
	if err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Hour)
	a, err = s.Refresh(t.Context(), a.ID, 1, "Benutzername", "box", []konto.Attribute{
		{"surname", "Anders", 1, "Benutzername", *now}, {"mail", "new@example.org", 1, "Benutzername", *now}, {"phone", "1", 1, "Benutzername", *now}})
	if err != nil {
		t.Fatal(err)
	}
	want := []konto.Attribute{{"surname", "ẞ", 4, "eID", at}, {"mail", "new@example.org", 1, "Benutzername", *now}, {"phone", "1", 1, "Benutzername", *now}}
	if diff := cmp.Diff(want, a.Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	stored, err := s.Linked(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestContactUnlinkDelete(t *testing.T) {
	t.Parallel()
	s, _ := service(t)
	a, err := s.Create(t.Context(), konto.Account{BPK2: "m", ConsentText: "1", Attributes: []konto.Attribute{{Name: "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"x", "a@b\r\nBcc: c@d", "A <a@b.example>", "a@b.example, c@d.example"} {
		if _, err := s.SetContact(t.Context(), a.ID, bad, true, "de"); !errors.Is(err, konto.ErrMail) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if a, err = s.SetContact(t.Context(), a.ID, " a@b.example ", true, "en"); err != nil || a.Mail != "a@b.example" || !a.Notify || a.Lang != "en" {
		t.Errorf("%+v, %v", a, err)
	}
	if err := s.Unlink(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if a, err = s.Account(t.Context(), a.ID); err != nil || a.BPK2 != "" || len(a.Attributes) != 0 {
		t.Errorf("after unlink: %+v, %v", a, err)
	}
	if _, err := s.Linked(t.Context(), ""); !errors.Is(err, konto.ErrNotFound) {
		t.Errorf("the empty mark finds somebody: %v", err)
	}
	if err := s.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Account(t.Context(), a.ID); !errors.Is(err, konto.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
}
