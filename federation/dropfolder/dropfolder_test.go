package dropfolder_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/federation/dropfolder"
	"github.com/stadttor/stadttor/federation/federationtest"
)

func open(t testing.TB, dir string) *dropfolder.Transport {
	t.Helper()
	tr, err := dropfolder.New(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestTransport(t *testing.T) {
	t.Parallel()
	federationtest.TestTransport(t, func(t *testing.T) federation.Transport { return open(t, t.TempDir()) })
}

// visible lists all files that a reader sees, sorted.
func visible(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(e.Name(), ".") {
			return fs.SkipDir
		}
		if !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func pending(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, ".pending-*"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := time.Date(2026, 5, 1, 8, 0, 0, 1500, time.UTC)
	tr, err := dropfolder.New(dir, &dropfolder.Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	d := federationtest.Sample("case/../1")
	d.Attachments[1].MediaType = "application/x-msdownload"
	r, err := tr.Deliver(t.Context(), d, federationtest.Open)
	if err != nil {
		t.Fatal(err)
	}
	name := dropfolder.FolderName("case/../1")
	want := []string{name + "/attachments/0001.pdf", name + "/attachments/0002.bin", name + "/manifest.json", name + "/payload.json"}
	if diff := cmp.Diff(want, visible(t, dir)); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	if p := pending(t, dir); len(p) != 0 {
		t.Errorf("left behind: %v", p)
	}
	if r.ID != name || !r.At.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("receipt %v", r)
	}
	raw, err := os.ReadFile(filepath.Join(dir, name, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := dropfolder.ParseManifest(raw)
	if err != nil {
		t.Fatal(err)
	}
	if m.Key != d.Key || m.Subject != d.Subject || m.Reference != d.Reference || m.Attachments[0].Name != "Lageplan.pdf" {
		t.Errorf("manifest %+v", m)
	}
	for _, f := range append(m.Attachments, m.Payload) {
		body, err := os.ReadFile(filepath.Join(dir, name, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(body)) != f.Size {
			t.Errorf("%s: digest or size of the manifest is wrong", f.Path)
		}
	}
}

// The reader takes the folder away; a repetition still gives the receipt and
// writes nothing.
func TestRepetitionAfterPickUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tr := open(t, dir)
	d := federationtest.Sample("k")
	first, err := tr.Deliver(t.Context(), d, federationtest.Open)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, first.ID)); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, dir).Deliver(t.Context(), d, federationtest.Open)
	if err != nil || again.ID != first.ID || !again.At.Equal(first.At) {
		t.Errorf("receipts %v and %v, %v", first, again, err)
	}
	if v := visible(t, dir); len(v) != 0 {
		t.Errorf("written again: %v", v)
	}
}

// The process died between the rename and the copy of the manifest.
func TestRepetitionAfterCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tr := open(t, dir)
	first, err := tr.Deliver(t.Context(), federationtest.Sample("k"), federationtest.Open)
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, ".receipts", first.ID+".json")
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	again, err := tr.Deliver(t.Context(), federationtest.Sample("k"), federationtest.Open)
	if err != nil || again.ID != first.ID || !again.At.Equal(first.At) {
		t.Errorf("receipts %v and %v, %v", first, again, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("the copy was not made up for: %v", err)
	}
}

func TestOtherContentUnderTheSameKey(t *testing.T) {
	t.Parallel()
	tr := open(t, t.TempDir())
	if _, err := tr.Deliver(t.Context(), federationtest.Sample("k"), federationtest.Open); err != nil {
		t.Fatal(err)
	}
	d := federationtest.Sample("k")
	d.Payload.Body = []byte("{}")
	var te *federation.TransportError
	if _, err := tr.Deliver(t.Context(), d, federationtest.Open); !errors.As(err, &te) || !te.Permanent || te.Reason != federation.ReasonRejected {
		t.Errorf("Deliver = %v", err)
	}
}

func TestFailedAttemptLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := open(t, dir).Deliver(t.Context(), federationtest.Sample("k"), func(ctx context.Context, p federation.Part) (io.ReadCloser, error) {
		if p.Name == "Foto.jpg" {
			return nil, fs.ErrNotExist
		}
		return federationtest.Open(ctx, p)
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Deliver = %v", err)
	}
	if v, p := visible(t, dir), pending(t, dir); len(v) != 0 || len(p) != 0 {
		t.Errorf("left: %v, %v", v, p)
	}
}

// Workers with the same delivery at the same time: one folder, one receipt.
func TestConcurrentWorkers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[federation.Receipt]int{}
	for range 8 {
		wg.Go(func() {
			r, err := open(t, dir).Deliver(t.Context(), federationtest.Sample("k"), federationtest.Open)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[r]++
		})
	}
	wg.Wait()
	if len(got) != 1 || len(visible(t, dir)) != 4 || len(pending(t, dir)) != 0 {
		t.Errorf("receipts %v, files %v, pending %v", got, visible(t, dir), pending(t, dir))
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tr := open(t, dir)
	if _, err := tr.Deliver(t.Context(), federationtest.Sample("k"), federationtest.Open); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, ".pending-dead")
	if err := os.MkdirAll(filepath.Join(dead, "attachments"), 0o750); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".pending-alive"), 0o750); err != nil {
		t.Fatal(err)
	}
	n, err := tr.Clean(t.Context(), time.Now().Add(-24*time.Hour))
	if err != nil || n != 1 || len(pending(t, dir)) != 1 || len(visible(t, dir)) != 4 {
		t.Errorf("Clean = %d, %v; pending %v", n, err, pending(t, dir))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "x"), filepath.Join(t.TempDir(), "missing")} {
		if _, err := dropfolder.New(dir, nil); err == nil {
			t.Errorf("New(%q) succeeded", dir)
		}
	}
}

// What ParseManifest accepts it accepts again, unchanged, after printing.
func FuzzParseManifest(f *testing.F) {
	good, err := json.Marshal(dropfolder.Manifest{Format: 1, Key: "k", Receipt: dropfolder.FolderName("k"), Attachments: []dropfolder.File{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`{"format":2,"key":"k"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := dropfolder.ParseManifest(raw)
		if err != nil {
			return
		}
		printed, err := json.Marshal(m)
		if err != nil {
			t.Skip("a time that JSON cannot print")
		}
		again, err := dropfolder.ParseManifest(printed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

// A process that was killed in the middle leaves a folder that nobody can see;
// a day later it is gone.
func TestRestsOfTheDead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".pending-old": 25 * time.Hour, ".pending-new": time.Hour, "taken": 48 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "attachments"), 0o700); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := dropfolder.New(dir, nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".pending-old": false, ".pending-new": true, "taken": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
