package antrag

import (
	"time"

	"github.com/stadttor/stadttor/payment"
)

// kassenzeichen writes a number of the town's range, with the year before it
// and check digits behind it.
func kassenzeichen(at time.Time, n int64) string {
	return payment.Kassenzeichen("AW"+at.In(berlin).Format("06"), n)
}
