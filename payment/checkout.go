package payment

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// CheckoutOptions are the settings of a Checkout. Providers and Route are
// needed to begin anything; everything else has a default.
type CheckoutOptions struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes ids of attempts and of payments at providers; they must not be
	// guessable. Default: crypto/rand.Text.
	NewID func() string
	// Providers by name.
	Providers map[string]Provider
	// Route chooses a provider by its name, and what the provider calls the kind
	// of payment. Default: the only provider, and no procedure.
	Route func(Order) (provider, procedure string, err error)
	// Text makes the remittance text; most providers refuse more than 27
	// characters. Default: Remittance of the order's Ref and Reference.
	Text func(Order) string
	// Record makes the booking text for providers that book themselves. Default:
	// none.
	Record func(Order) string
	// URLs makes the callback addresses of an attempt. Default: none.
	URLs func(AttemptID) (notify, ret string)
	// Life is how long an attempt may be paid. Default: 90 minutes. It ends only
	// after the provider was asked once more.
	Life time.Duration
	// Pauses between look-ups at a live attempt; the last one repeats. Default:
	// 15 s, 30 s, 1 min, 2 min, 5 min, 10 min.
	Pauses []time.Duration
	// Late lists when, counted from its end, an attempt that ended without money
	// is looked up again, since providers change their minds. Default: 3 min,
	// 15 min, 1 h, 6 h, 24 h. To look never again, give one that is negative.
	Late []time.Duration
	// Lease is how long an attempt is left to whoever asks about it. Default:
	// 1 min.
	Lease time.Duration
	// Timeout bounds one call of a provider. Default: 10 s; at most four fifths
	// of Lease.
	Timeout time.Duration
	// Logger takes notes about refused hints and unexpected money. It sees ids of
	// orders, states and codes, never those of attempts. Default: none.
	Logger *slog.Logger
}

// Checkout pays orders at providers by attempts. It writes an attempt down
// before the provider is asked, so that after a crash at any point the next
// look-up repairs everything. It is safe for concurrent use, by several
// processes too, and starts no goroutine.
type Checkout struct {
	orders   *Service
	attempts AttemptStore
	opts     CheckoutOptions
}

// NewCheckout returns a Checkout. It panics when orders or attempts is nil.
func NewCheckout(orders *Service, attempts AttemptStore, opts *CheckoutOptions) *Checkout {
	if orders == nil || attempts == nil {
		panic("payment: checkout without orders or attempts")
	}
	var o CheckoutOptions
	if opts != nil {
		o = *opts
	}
	o.Providers, o.Pauses, o.Late = maps.Clone(o.Providers), slices.Clone(o.Pauses), slices.Clone(o.Late)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = rand.Text
	}
	if o.Route == nil {
		o.Route = onlyOne(o.Providers)
	}
	if o.Text == nil {
		o.Text = func(o Order) string { return Remittance(o.Ref, cmp.Or(o.Reference, string(o.ID))) }
	}
	if o.Life <= 0 {
		o.Life = 90 * time.Minute
	}
	if len(o.Pauses) == 0 {
		o.Pauses = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
	}
	if len(o.Late) == 0 {
		o.Late = []time.Duration{3 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	}
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	o.Timeout = min(o.Timeout, o.Lease/5*4)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Checkout{orders: orders, attempts: attempts, opts: o}
}

func onlyOne(providers map[string]Provider) func(Order) (string, string, error) {
	return func(Order) (string, string, error) {
		if len(providers) == 1 {
			for name := range providers {
				return name, "", nil
			}
		}
		return "", "", &ProviderError{Reason: ReasonNoProvider}
	}
}

// With returns a Checkout with the same settings on other stores, for example
// on ones that are bound to a transaction of the caller.
func (c *Checkout) With(orders Store, attempts AttemptStore) *Checkout {
	if attempts == nil {
		panic("payment: checkout without attempts")
	}
	return &Checkout{orders: c.orders.With(orders), attempts: attempts, opts: c.opts}
}

func (c *Checkout) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

// Attempt returns one attempt, or ErrNotFound.
func (c *Checkout) Attempt(ctx context.Context, id AttemptID) (Attempt, error) {
	if id == "" || checkLine("id", string(id), maxID) != nil {
		return Attempt{}, fmt.Errorf("%w (attempt)", ErrNotFound)
	}
	a, err := c.attempts.Attempt(ctx, id)
	if err != nil {
		return Attempt{}, fmt.Errorf("%w (attempt)", err)
	}
	return a, nil
}

// Attempts returns the attempts of an order, oldest first; none is no error.
func (c *Checkout) Attempts(ctx context.Context, order OrderID) ([]Attempt, error) {
	if checkLine("order", string(order), maxID) != nil {
		return nil, nil
	}
	as, err := c.attempts.Attempts(ctx, order)
	if err != nil {
		return nil, fmt.Errorf("%w (attempts of %s)", err, order)
	}
	return as, nil
}

// List returns attempts in a state, or in any if it is empty, newest first. At
// most limit, 1 to 1000, otherwise 100. The returned cursor continues the list;
// it is zero at the end.
func (c *Checkout) List(ctx context.Context, state AttemptState, after AttemptCursor, limit int) ([]Attempt, AttemptCursor, error) {
	if state != "" && !state.Known() {
		return nil, AttemptCursor{}, &InvalidError{Field: "state", Rule: RuleUnknown}
	}
	limit = bounded(limit)
	as, err := c.attempts.List(ctx, state, after, limit)
	if err != nil {
		return nil, AttemptCursor{}, fmt.Errorf("%w (list of attempts)", err)
	}
	if len(as) < limit {
		return as, AttemptCursor{}, nil
	}
	last := as[len(as)-1]
	return as, AttemptCursor{CreatedAt: last.CreatedAt, ID: last.ID}, nil
}

func bounded(limit int) int {
	if limit < 1 || limit > 1000 {
		return 100
	}
	return limit
}

// Due returns the ids of attempts to be asked about at a time. At most limit, 1
// to 1000, otherwise 100. Give each to [Checkout.Ask].
func (c *Checkout) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	ids, err := c.attempts.Due(ctx, now.UTC(), bounded(limit))
	if err != nil {
		return nil, fmt.Errorf("%w (due attempts)", err)
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out, nil
}

// Take compares what somebody claims with the attempt as it was stored. A hint
// that fits brings the next look-up forward to now, and leaves its Method if
// the provider has not told one; it moves nothing. For an attempt that has
// ended without money only the claim that it was paid does so; for one that has
// money nothing does, and that is no error. A hint that does not fit is a
// [*HintError] and changes nothing.
func (c *Checkout) Take(ctx context.Context, h Hint) (Attempt, error) {
	a, err := c.Attempt(ctx, h.Attempt)
	if errors.Is(err, ErrNotFound) {
		c.opts.Logger.WarnContext(ctx, "payment: hint refused", "reason", HintUnknown)
		return Attempt{}, &HintError{Reason: HintUnknown}
	}
	if err != nil {
		return Attempt{}, err
	}
	if reason := misfit(a, h); reason != "" {
		c.opts.Logger.WarnContext(ctx, "payment: hint refused", "order", a.Order, "reason", reason)
		return Attempt{}, &HintError{Attempt: a.ID, Reason: reason}
	}
	return c.edit(ctx, a.ID, func(a *Attempt, now time.Time) bool {
		if a.State.settled() || (!a.State.Live() && h.Claim != StatePaid) {
			return false
		}
		changed := false
		if a.NextAt.IsZero() || a.NextAt.After(now) {
			a.NextAt, changed = now, true
		}
		if h.Method != "" && plainCode(h.Method) && h.Method != a.Method && (a.Method == "" || h.Signed) {
			a.Method, changed = h.Method, true
		}
		return changed
	})
}

// misfit says what of a hint is not as it was stored.
func misfit(a Attempt, h Hint) HintReason {
	switch {
	case h.Tenant != "" && h.Tenant != a.Tenant:
		return HintTenant
	case h.TxID != "" && h.TxID != a.TxID && (a.ProviderRef == "" || h.TxID != a.ProviderRef):
		return HintTxID
	case h.Procedure != "" && h.Procedure != a.Procedure:
		return HintProcedure
	case !h.Amount.IsZero() && h.Amount != a.Amount:
		return HintAmount
	}
	return ""
}

// plainCode is what an unproved method may look like.
func plainCode(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) <= 40
}

// edit loads an attempt, lets change change it and writes it, again if somebody
// else wrote meanwhile. Nothing is written when change returns false.
func (c *Checkout) edit(ctx context.Context, id AttemptID, change func(*Attempt, time.Time) bool) (Attempt, error) {
	for range tries {
		a, err := c.Attempt(ctx, id)
		if err != nil {
			return Attempt{}, err
		}
		if !change(&a, c.now()) {
			return a, nil
		}
		if err = c.write(ctx, &a); err == nil || !errors.Is(err, ErrConflict) {
			return a, err
		}
	}
	return Attempt{}, fmt.Errorf("%w (attempt)", ErrConflict)
}

func (c *Checkout) write(ctx context.Context, a *Attempt) error {
	expected := a.Version
	a.Version++
	if err := c.attempts.Update(ctx, *a, expected); err != nil {
		return fmt.Errorf("%w (attempt of %s)", err, a.Order)
	}
	return nil
}

// claim takes an attempt for a while. It is false when somebody else has it, or
// when there is nothing to ask.
func (c *Checkout) claim(ctx context.Context, id AttemptID) (Attempt, bool, error) {
	held := false
	a, err := c.edit(ctx, id, func(a *Attempt, now time.Time) bool {
		held = !a.State.settled() && !a.LeaseUntil.After(now)
		if held {
			// A hint that comes from now on shows as an earlier NextAt.
			a.LeaseUntil = now.Add(c.opts.Lease)
			a.NextAt = a.LeaseUntil
		}
		return held
	})
	return a, held && err == nil, err
}

// pause is how long to wait after so many look-ups.
func (c *Checkout) pause(asked int) time.Duration {
	return c.opts.Pauses[min(max(asked, 0), len(c.opts.Pauses)-1)]
}

// late is when an attempt that ended without money is looked up next; zero:
// never.
func (c *Checkout) late(a Attempt, now time.Time) time.Time {
	for _, d := range c.opts.Late {
		if t := a.EndedAt.Add(d); d > 0 && t.After(now) {
			return t
		}
	}
	return time.Time{}
}

// end closes an attempt without money.
func (c *Checkout) end(a *Attempt, state AttemptState, now time.Time) {
	a.State, a.EndedAt, a.LeaseUntil = state, now, time.Time{}
	a.NextAt = c.late(*a, now)
}
