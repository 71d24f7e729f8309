package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 keeps bytes in a bucket of an S3-compatible storage.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

var _ Store = (*S3)(nil)

// newS3 reads s3://ACCESS:SECRET@host/bucket/prefix; the scheme s3+http is
// for a storage on the same machine without TLS.
func newS3(ctx context.Context, u *url.URL) (*S3, error) {
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Host == "" || bucket == "" || u.User == nil {
		return nil, ErrURL
	}
	secret, _ := u.User.Password()
	client, err := minio.New(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(u.User.Username(), secret, ""),
		Secure: u.Scheme == "s3",
		Region: u.Query().Get("region"),
	})
	if err != nil {
		return nil, ErrURL
	}
	ok, err := client.BucketExists(ctx, bucket)
	if err != nil {
		return nil, errors.New("blob: the S3 storage does not answer")
	}
	if !ok {
		return nil, fmt.Errorf("blob: the bucket does not exist")
	}
	if prefix != "" {
		prefix += "/"
	}
	return &S3{client: client, bucket: bucket, prefix: prefix}, nil
}

// Put implements Store. Parts of 5 MiB bound the memory of one upload.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) error {
	if !validKey(key) {
		return fmt.Errorf("blob: key is not valid")
	}
	failing := &errReader{r: r}
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+key, failing, -1, minio.PutObjectOptions{ContentType: "application/octet-stream", PartSize: 5 << 20})
	if failing.err != nil {
		return failing.err
	}
	if err != nil {
		return errors.New("blob: put failed at the S3 storage")
	}
	return nil
}

// Open implements Store.
func (s *S3) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if !validKey(key) {
		return nil, ErrNotFound
	}
	o, err := s.client.GetObject(ctx, s.bucket, s.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, errors.New("blob: open failed at the S3 storage")
	}
	if _, err := o.Stat(); err != nil {
		o.Close()
		if minio.ToErrorResponse(err).StatusCode == 404 {
			return nil, ErrNotFound
		}
		return nil, errors.New("blob: open failed at the S3 storage")
	}
	return o, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	if !validKey(key) {
		return nil
	}
	if err := s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}); err != nil {
		return errors.New("blob: delete failed at the S3 storage")
	}
	return nil
}

// Keys implements Store.
func (s *S3) Keys(ctx context.Context) ([]string, error) {
	var keys []string
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, errors.New("blob: list failed at the S3 storage")
		}
		keys = append(keys, strings.TrimPrefix(o.Key, s.prefix))
	}
	return keys, nil
}

// errReader remembers the error of the caller's reader, which the client
// library would hide in its own.
type errReader struct {
	r   io.Reader
	err error
}

func (e *errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}
