package portal

import (
	"net"
	"os"
	"time"
)

// ServeOn lets a portal serve on a listener that is open already.
func (c *Config) ServeOn(l net.Listener) { c.listener = l }

// SweepEvery makes the background work look for what is due more often.
func (c *Config) SweepEvery(d time.Duration) { c.sweep = d }

// ReadProcedures reads a file of procedures and says what is wrong with it.
func ReadProcedures(file string) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	list, err := readProcedures(raw)
	return len(list), err
}
