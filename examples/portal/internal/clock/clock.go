// Package clock is the portal's clock. A tester can set it forward to see
// deadlines, expiry and reminders; in production it is the wall clock.
package clock

import (
	"sync/atomic"
	"time"
	_ "time/tzdata" // also where the system has no time zones
)

// Berlin is the time zone in which days are counted.
var Berlin = func() *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic("clock: " + err.Error()) // the zones are part of the program
	}
	return l
}()

// Clock tells the time, shifted by an offset. The zero value is the wall
// clock. It may be used concurrently.
type Clock struct {
	offset atomic.Int64
	base   func() time.Time
}

// New returns a clock over base; nil means time.Now.
func New(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the time in UTC with microseconds, the precision of the databases.
func (c *Clock) Now() time.Time {
	base := time.Now
	if c.base != nil {
		base = c.base
	}
	return base().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Offset is how far the clock was set.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// SetOffset sets how far the clock differs from its base.
func (c *Clock) SetOffset(d time.Duration) { c.offset.Store(int64(d)) }
