package antrag

import (
	"fmt"
	"time"
)

// kassenzeichen writes a number of the town's range, with the year before it.
func kassenzeichen(at time.Time, n int64) string {
	return fmt.Sprintf("AW%s%07d", at.In(berlin).Format("06"), n)
}
