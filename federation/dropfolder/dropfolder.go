// Package dropfolder delivers applications into a directory that a back office
// watches.
//
// Each delivery is one folder, complete from the moment it can be seen:
//
//	<directory>/<name>/manifest.json
//	<directory>/<name>/payload.json           (or .xml, .txt, .bin)
//	<directory>/<name>/attachments/0001.pdf   (extension from the media type)
//	<directory>/.receipts/<name>.json         (copy of the manifest, stays)
//
// The name is the SHA-256 of the delivery's key, so foreign text never becomes
// a path; original names are in the manifest, with the SHA-256 and the size of
// every file. A folder is written beside the others under a name that begins
// with a dot, flushed, and renamed. The reader ignores names that begin with a
// dot, and moves or deletes folders as it likes: the copy under .receipts lets
// a repetition be recognised afterwards too. Only if this process dies between
// renaming and writing that copy, and the reader takes the folder away before
// the next attempt, the delivery is written again; so the reader too should
// know a delivery by the key in the manifest.
package dropfolder

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stadttor/stadttor/federation"
)

// Names inside the directory.
const (
	manifestName = "manifest.json"
	receiptsName = ".receipts"
	pendingStart = ".pending-"
)

// Options adjusts a [Transport]. The zero value is ready to use.
type Options struct {
	// Now reports the current time, for receipts. Default: time.Now.
	Now func() time.Time
}

// Transport implements [federation.Transport]. It is safe for concurrent use,
// also by several processes on one file system.
type Transport struct {
	dir string
	now func() time.Time
}

var _ federation.Transport = (*Transport)(nil)

// New returns a transport into dir, which must exist on a file system that
// renames atomically, and removes what a process that died left unfinished there
// more than a day ago. The folder of a delivery has the mode 0750; what is in it
// has 0750 and 0640, less the umask.
func New(dir string, opts *Options) (*Transport, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("dropfolder: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("dropfolder: %w", err)
	}
	if !info.IsDir() {
		return nil, errors.New("dropfolder: not a directory")
	}
	if err := os.MkdirAll(filepath.Join(abs, receiptsName), 0o750); err != nil {
		return nil, fmt.Errorf("dropfolder: %w", err)
	}
	if err := clean(abs); err != nil {
		return nil, fmt.Errorf("dropfolder: %w", err)
	}
	t := &Transport{dir: abs, now: time.Now}
	if opts != nil && opts.Now != nil {
		t.now = opts.Now
	}
	return t, nil
}

// abandoned is how old an unfinished delivery is before it is taken for the
// rest of a process that died. No attempt takes that long.
const abandoned = 24 * time.Hour

// clean removes what processes that died have begun and never finished.
func clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), pendingStart) {
			continue
		}
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < abandoned {
			continue // it was finished meanwhile, or somebody is still at it
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Deliver implements [federation.Transport]. A repetition with other content
// under the same key is refused for good.
func (t *Transport) Deliver(ctx context.Context, d federation.Delivery, open func(ctx context.Context, p federation.Part) (io.ReadCloser, error)) (federation.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return federation.Receipt{}, failed(federation.ReasonTimeout, err)
	}
	m := t.manifest(d)
	if r, found, err := t.known(m); found || err != nil {
		return r, err
	}
	pending, err := os.MkdirTemp(t.dir, pendingStart+m.Receipt[:16]+"-")
	if err != nil {
		return federation.Receipt{}, failed(federation.ReasonStorage, err)
	}
	// After the rename there is nothing under this name any more.
	defer os.RemoveAll(pending)
	if err := t.fill(ctx, pending, m, d, open); err != nil {
		return federation.Receipt{}, err
	}
	if err := os.Rename(pending, filepath.Join(t.dir, m.Receipt)); err != nil {
		// Another worker may have been first; then its receipt counts.
		if r, found, knownErr := t.known(m); found || knownErr != nil {
			return r, knownErr
		}
		return federation.Receipt{}, failed(federation.ReasonStorage, err)
	}
	if err := errors.Join(syncDir(t.dir), t.remember(m)); err != nil {
		return federation.Receipt{}, failed(federation.ReasonStorage, err)
	}
	return m.receipt(), nil
}

func failed(reason federation.Reason, err error) error {
	return &federation.TransportError{Reason: reason, Err: err}
}

func refused(reason federation.Reason) error {
	return &federation.TransportError{Reason: reason, Permanent: true}
}

// known looks for an earlier delivery under the same key.
func (t *Transport) known(m Manifest) (federation.Receipt, bool, error) {
	for _, path := range []string{
		filepath.Join(t.dir, m.Receipt, manifestName),
		filepath.Join(t.dir, receiptsName, m.Receipt+".json"),
	} {
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return federation.Receipt{}, false, failed(federation.ReasonStorage, err)
		}
		first, err := ParseManifest(raw)
		if err != nil {
			return federation.Receipt{}, false, failed(federation.ReasonStorage, err)
		}
		if !first.sameContent(m) {
			return federation.Receipt{}, false, refused(federation.ReasonRejected)
		}
		// The attempt before may have ended between the rename and its flush.
		if err := errors.Join(syncDir(t.dir), t.remember(first)); err != nil {
			return federation.Receipt{}, false, failed(federation.ReasonStorage, err)
		}
		return first.receipt(), true, nil
	}
	return federation.Receipt{}, false, nil
}

// fill writes a complete folder and flushes it.
func (t *Transport) fill(ctx context.Context, dir string, m Manifest, d federation.Delivery, open func(ctx context.Context, p federation.Part) (io.ReadCloser, error)) error {
	// MkdirTemp keeps others out; the reader must get in.
	if err := os.Chmod(dir, 0o750); err != nil {
		return failed(federation.ReasonStorage, err)
	}
	attachments := filepath.Join(dir, "attachments")
	if len(d.Attachments) > 0 {
		if err := os.Mkdir(attachments, 0o750); err != nil {
			return failed(federation.ReasonStorage, err)
		}
	}
	for i, p := range d.Attachments {
		if err := copyPart(ctx, filepath.Join(dir, filepath.FromSlash(m.Attachments[i].Path)), p, open); err != nil {
			return err
		}
	}
	raw, err := m.encode()
	if err == nil {
		err = errors.Join(
			writeFile(filepath.Join(dir, m.Payload.Path), bytes.NewReader(d.Payload.Body)),
			writeFile(filepath.Join(dir, manifestName), bytes.NewReader(raw)))
	}
	if err == nil && len(d.Attachments) > 0 {
		err = syncDir(attachments)
	}
	if err = errors.Join(err, syncDir(dir)); err != nil {
		return failed(federation.ReasonStorage, err)
	}
	if err := ctx.Err(); err != nil {
		return failed(federation.ReasonTimeout, err)
	}
	return nil
}

// remember keeps a copy of the manifest that the reader does not take away.
func (t *Transport) remember(m Manifest) error {
	dir := filepath.Join(t.dir, receiptsName)
	final := filepath.Join(dir, m.Receipt+".json")
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	raw, err := m.encode()
	if err != nil {
		return err
	}
	pending, err := os.MkdirTemp(t.dir, pendingStart+"receipt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(pending)
	temp := filepath.Join(pending, manifestName)
	if err := writeFile(temp, bytes.NewReader(raw)); err != nil {
		return err
	}
	if err := os.Rename(temp, final); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeFile(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyPart copies an attachment and checks that it is what was announced.
func copyPart(ctx context.Context, path string, p federation.Part, open func(ctx context.Context, p federation.Part) (io.ReadCloser, error)) error {
	r, err := open(ctx, p)
	if err != nil {
		var te *federation.TransportError
		if errors.As(err, &te) {
			return err
		}
		return failed(federation.ReasonAttachment, err)
	}
	defer r.Close()
	c := &checker{ctx: ctx, r: r, left: p.Size, sum: sha256.New()}
	if err := writeFile(path, c); err != nil {
		switch {
		case ctx.Err() != nil:
			return failed(federation.ReasonTimeout, ctx.Err())
		case c.tooLong:
			return refused(federation.ReasonDigest)
		case c.err != nil:
			return failed(federation.ReasonAttachment, c.err)
		}
		return failed(federation.ReasonStorage, err)
	}
	if c.left != 0 || hex.EncodeToString(c.sum.Sum(nil)) != p.SHA256 {
		return refused(federation.ReasonDigest)
	}
	return nil
}

// checker reads an attachment, counts and digests it, and stops as soon as it
// is longer than announced or the context has ended.
type checker struct {
	ctx     context.Context
	r       io.Reader
	left    int64
	sum     hash.Hash
	tooLong bool
	err     error
}

var errTooLong = errors.New("dropfolder: attachment is longer than announced")

// Read implements [io.Reader].
func (c *checker) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.tooLong = true
		return 0, errTooLong
	}
	c.sum.Write(p[:n])
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// Clean removes what attempts that died left behind before the given time. Call
// it now and then, with a time further back than any attempt lasts. It returns
// the number of folders removed.
func (t *Transport) Clean(ctx context.Context, before time.Time) (int, error) {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return 0, fmt.Errorf("dropfolder: clean: %w", err)
	}
	removed := 0
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		if !e.IsDir() || !strings.HasPrefix(e.Name(), pendingStart) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(t.dir, e.Name())); err != nil {
			return removed, fmt.Errorf("dropfolder: clean: %w", err)
		}
		removed++
	}
	return removed, nil
}
