// Package blob keeps the bytes of attachments outside the database.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotFound says that no bytes are kept under a key.
var ErrNotFound = errors.New("blob: not found")

// ErrURL says that the address of the storage is of no known kind.
var ErrURL = errors.New("blob: address must be empty, file:// or s3://")

// Store keeps bytes under random keys. It may be used concurrently.
type Store interface {
	// Put writes all of r under key; nothing is kept when r fails.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads what is kept under key, or returns ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Delete removes the bytes; a key that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Keys lists every key, for the removal of what nothing refers to.
	Keys(ctx context.Context) ([]string, error)
}

// NewKey returns a key that was never used.
func NewKey() string { return strings.ToLower(rand.Text()) }

// Open opens the storage that address names; empty means the folder blobs
// under data.
func Open(ctx context.Context, address, data string) (Store, error) {
	if address == "" {
		return NewFiles(filepath.Join(data, "blobs"))
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, ErrURL
	}
	switch u.Scheme {
	case "file":
		return NewFiles(filepath.FromSlash(u.Path))
	case "s3", "s3+http":
		return newS3(ctx, u)
	}
	return nil, ErrURL
}

// Files keeps bytes as files of one folder.
type Files struct{ root string }

var _ Store = (*Files)(nil)

// NewFiles makes the folder when it is missing, and removes what a process that
// died has begun to write more than a day ago.
func NewFiles(root string) (*Files, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("blob: folder: %w", err)
	}
	rests, err := fs.Glob(os.DirFS(root), "*/"+unfinished+"*")
	if err != nil {
		return nil, fmt.Errorf("blob: folder: %w", err)
	}
	for _, name := range rests {
		path := filepath.Join(root, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(path) // or at the next start
		}
	}
	return &Files{root: root}, nil
}

// unfinished begins the names of files that are being written.
const unfinished = ".neu-"

func validKey(key string) bool {
	return len(key) >= 16 && len(key) <= 64 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// path spreads the files over folders by the first two letters.
func (f *Files) path(key string) (string, error) {
	if !validKey(key) {
		return "", ErrNotFound
	}
	return filepath.Join(f.root, key[:2], key), nil
}

// Put implements Store. The file appears whole or not at all.
func (f *Files) Put(ctx context.Context, key string, r io.Reader) (err error) {
	p, err := f.path(key)
	if err != nil {
		return fmt.Errorf("blob: key is not valid")
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		return fmt.Errorf("blob: put: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(p), unfinished+"*")
	if err != nil {
		return fmt.Errorf("blob: put: %w", err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if _, err := io.Copy(tmp, readerWith(ctx, r)); err != nil {
		return err // the caller's reader: its error is a promise
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("blob: put: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("blob: put: %w", err)
	}
	return os.Rename(tmp.Name(), p)
}

// Open implements Store.
func (f *Files) Open(_ context.Context, key string) (io.ReadCloser, error) {
	p, err := f.path(key)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("blob: open: %w", err)
	}
	return file, nil
}

// Delete implements Store.
func (f *Files) Delete(_ context.Context, key string) error {
	p, err := f.path(key)
	if err != nil {
		return nil
	}
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob: delete: %w", err)
	}
	return nil
}

// Keys implements Store.
func (f *Files) Keys(context.Context) ([]string, error) {
	var keys []string
	err := filepath.WalkDir(f.root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && validKey(d.Name()) {
			keys = append(keys, d.Name())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("blob: list: %w", err)
	}
	return keys, nil
}

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func readerWith(ctx context.Context, r io.Reader) io.Reader { return ctxReader{ctx, r} }

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
