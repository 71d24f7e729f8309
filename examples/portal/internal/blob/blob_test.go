package blob_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stadttor/stadttor/examples/portal/internal/blob"
)

// conform tests the promises of blob.Store.
func conform(t *testing.T, s blob.Store) {
	t.Helper()
	ctx := t.Context()
	key := blob.NewKey()
	if _, err := s.Open(ctx, key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	want := bytes.Repeat([]byte("Größe\x00\xff"), 200_000) // more than a megabyte
	if err := s.Put(ctx, key, bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	r.Close()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
	broken := errors.New("broken")
	torn := blob.NewKey()
	if err := s.Put(ctx, torn, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("torn: %v", err)
	}
	if _, err := s.Open(ctx, torn); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("torn bytes were kept: %v", err)
	}
	for _, bad := range []string{"", "../../etc/passwd", "ABCDEFGHIJKLMNOPQRST", strings.Repeat("a", 65), "a/b/c/d/e/f/g/h/i/j"} {
		if err := s.Put(ctx, bad, strings.NewReader("x")); err == nil {
			t.Errorf("key %q was taken", bad)
		}
		if _, err := s.Open(ctx, bad); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("open %q: %v", bad, err)
		}
	}
	keys, err := s.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{key}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := s.Delete(ctx, key); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(ctx, key); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Put(cancelled, blob.NewKey(), bytes.NewReader(want)); err == nil {
		t.Error("put with a cancelled context succeeded")
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	s, err := blob.Open(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	conform(t, s)
}

func TestS3(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(&bucket{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}})
	t.Cleanup(srv.Close)
	s, err := blob.Open(t.Context(), "s3+http://key:secret@"+strings.TrimPrefix(srv.URL, "http://")+"/portal/files?region=eu-central-1", "")
	if err != nil {
		t.Fatal(err)
	}
	conform(t, s)
	if _, err := blob.Open(t.Context(), "s3+http://key:secret@"+strings.TrimPrefix(srv.URL, "http://")+"/other?region=eu-central-1", ""); err == nil {
		t.Error("a bucket that is not there was opened")
	}
}

func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"ftp://x", "s3://no-credentials/bucket", "s3://k:s@host", "::"} {
		if _, err := blob.Open(t.Context(), a, ""); !errors.Is(err, blob.ErrURL) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// bucket answers as an S3 storage does to the calls that the driver makes.
// It checks that requests are signed.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[int][]byte
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key/") {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	name, object, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	switch {
	case name != "portal":
		http.Error(w, "", http.StatusNotFound)
	case object == "" && r.Method == http.MethodHead:
	case object == "":
		b.list(w, q.Get("prefix"))
	case r.Method == http.MethodPost && q.Has("uploads"):
		b.uploads[object] = map[int][]byte{}
		write(w, struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadId string
		}{UploadId: "u1"})
	case r.Method == http.MethodPut && q.Has("uploadId"):
		n, _ := strconv.Atoi(q.Get("partNumber"))
		b.uploads[object][n] = body(r)
		w.Header().Set("ETag", `"e"`)
	case r.Method == http.MethodPost && q.Has("uploadId"):
		var whole []byte
		for i := 1; i <= len(b.uploads[object]); i++ {
			whole = append(whole, b.uploads[object][i]...)
		}
		b.objects[object] = whole
		write(w, struct {
			XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
			ETag, Bucket string
		}{ETag: "e", Bucket: name})
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		delete(b.uploads, object)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		b.objects[object] = body(r)
		w.Header().Set("ETag", `"e"`)
	case r.Method == http.MethodDelete:
		delete(b.objects, object)
		w.WriteHeader(http.StatusNoContent)
	default:
		raw, ok := b.objects[object]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			if r.Method == http.MethodGet {
				write(w, struct {
					XMLName xml.Name `xml:"Error"`
					Code    string
				}{Code: "NoSuchKey"})
			}
			return
		}
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Last-Modified", "Tue, 10 Mar 2026 09:00:00 GMT")
		w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
		if r.Method == http.MethodGet {
			w.Write(raw)
		}
	}
}

func (b *bucket) list(w http.ResponseWriter, prefix string) {
	type content struct {
		Key          string
		Size         int
		LastModified string
	}
	out := struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []content
	}{}
	for k, v := range b.objects {
		if strings.HasPrefix(k, prefix) {
			out.Contents = append(out.Contents, content{k, len(v), "2026-03-10T09:00:00.000Z"})
		}
	}
	write(w, out)
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	xml.NewEncoder(w).Encode(v)
}

// body undoes the chunked signature encoding of streams.
func body(r *http.Request) []byte {
	raw, _ := io.ReadAll(r.Body)
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return raw
	}
	var out []byte
	for len(raw) > 0 {
		head, rest, ok := bytes.Cut(raw, []byte("\r\n"))
		size, _, _ := bytes.Cut(head, []byte(";"))
		n, err := strconv.ParseInt(string(size), 16, 64)
		if !ok || err != nil || n == 0 || int(n) > len(rest) {
			break
		}
		out = append(out, rest[:n]...)
		raw = bytes.TrimPrefix(rest[n:], []byte("\r\n"))
	}
	return out
}

// What a killed process was writing goes at a start a day later.
func TestRestsOfTheDead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "[blobs]")
	if err := os.MkdirAll(filepath.Join(dir, "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{".neu-1": 25 * time.Hour, ".neu-2": time.Hour, "ab34567890123456": 48 * time.Hour} {
		path, at := filepath.Join(dir, "ab", name), time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := blob.NewFiles(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".neu-1": false, ".neu-2": true, "ab34567890123456": true} {
		if _, err := os.Stat(filepath.Join(dir, "ab", name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
