package xzufi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/stadttor/stadttor/xzufi"
)

// Whoever searches during an import sees the state before or after it.
func TestSearchDuringImports(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	load(t, c, service("a", "Hund 0", "", ""), service("b", "Hund 0", "", ""))
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := c.Search(context.Background(), xzufi.Query{Text: "Hund"})
				if err != nil || res.Total != 2 {
					t.Errorf("got %+v, %v", res, err)
					return
				}
			}
		}()
	}
	for i := range 20 {
		title := fmt.Sprint("Hund ", i+1)
		load(t, c, service("a", title, "", ""), service("b", title, "", ""))
	}
	close(stop)
	wg.Wait()
}

func TestConcurrentImportsConflict(t *testing.T) {
	t.Parallel()
	c := xzufi.New(xzufi.NewMemStore(), nil)
	slow, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := c.Import(context.Background(), "slow", xzufi.File{Reader: &gate{text: message(service("1", "Langsam", "", "")), at: slow, open: release}})
		done <- err
	}()
	<-slow
	load(t, c, service("2", "Schnell", "", ""))
	close(release)
	if err := <-done; !errors.Is(err, xzufi.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if got := titles(t, c); got != "Schnell" {
		t.Errorf("got %s", got)
	}
}

// gate gives its text once it is opened.
type gate struct {
	text     string
	at, open chan struct{}
	told     bool
}

func (g *gate) Read(p []byte) (int, error) {
	if !g.told {
		g.told = true
		close(g.at)
		<-g.open
	}
	n := copy(p, g.text)
	g.text = g.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
