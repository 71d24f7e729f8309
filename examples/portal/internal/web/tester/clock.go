package tester

import (
	"slices"
	"strings"
	"time"

	"github.com/stadttor/stadttor/examples/portal/internal/web"

	"github.com/stadttor/stadttor/examples/portal/internal/clock"
)

// berlin is the time zone in which testers think.
var berlin = clock.Berlin

// farthest is how far the clock may be set from the real time.
const farthest = 20 * 365 * 24 * time.Hour

// clockForm is what was typed to set the clock exactly.
type clockForm struct{ Day, Month, Year, Time string }

func (p *Pages) clock(r *web.Request) error {
	at := r.Now().In(berlin)
	return p.showClock(r, clockForm{at.Format("02"), at.Format("01"), at.Format("2006"), at.Format("15:04")}, nil)
}

func (p *Pages) showClock(r *web.Request, f clockForm, errs []web.FieldError) error {
	problems := map[string]string{}
	for _, e := range errs {
		problems[e.Field] = e.Text
	}
	return p.show(r, "clock", "/test/uhr", web.View{Errors: errs}, map[string]any{
		"Real": p.RealNow(), "Now": r.Now(), "Shifted": p.Offset() != 0, "Form": f, "Problems": problems,
		"Days": []string{"1", "15", "31"},
	})
}

func (p *Pages) setClock(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	var to time.Duration
	switch r.PostFormValue("was") {
	case "plus":
		days := map[string]int{"1": 1, "15": 15, "31": 31}[r.PostFormValue("tage")]
		if days == 0 {
			return web.ErrBadRequest
		}
		// By the calendar: the same time of day, whatever summer time does.
		to = r.Now().In(berlin).AddDate(0, 0, days).Sub(p.RealNow())
	case "genau":
		f := clockForm{Day: r.PostFormValue("datum-day"), Month: r.PostFormValue("datum-month"), Year: r.PostFormValue("datum-year"), Time: strings.TrimSpace(r.PostFormValue("zeit"))}
		at, errs := f.parse(r)
		if len(errs) == 0 && (at.Sub(p.RealNow()) > farthest || p.RealNow().Sub(at) > farthest) {
			errs = []web.FieldError{{Field: "datum", Text: r.T("tester.clock.error.far")}}
		}
		if len(errs) > 0 {
			return p.showClock(r, f, errs)
		}
		to = at.Sub(p.RealNow())
	case "echt":
	default:
		return web.ErrBadRequest
	}
	if to > farthest || to < -farthest {
		return web.ErrBadRequest
	}
	if err := p.SetOffset(r.Context(), to.Round(time.Microsecond)); err != nil {
		return err
	}
	return r.Redirect("/test/uhr?ok=uhr")
}

// parse reads what was typed. A time that summer time skips moves on.
func (f clockForm) parse(r *web.Request) (time.Time, []web.FieldError) {
	var errs []web.FieldError
	trim := func(s string) string { return strings.TrimSpace(s) }
	day, err := time.ParseInLocation("2-1-2006", trim(f.Day)+"-"+trim(f.Month)+"-"+trim(f.Year), berlin)
	if err != nil {
		errs = append(errs, web.FieldError{Field: "datum", Text: r.T("tester.clock.error.date")})
	}
	var at time.Time
	ok := slices.ContainsFunc([]string{"15:04", "15.04", "15"}, func(layout string) bool {
		at, err = time.Parse(layout, f.Time)
		return err == nil
	})
	if !ok {
		errs = append(errs, web.FieldError{Field: "zeit", Text: r.T("tester.clock.error.time")})
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, berlin), errs
}
