package pmpayment

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer or a callback.
const maxAnswer = 64 << 10

var (
	errNotJSON = errors.New("not a json object")
	errMember  = errors.New("a member is missing or not as expected")
	errRefused = errors.New("the service names an error")
)

// members reads a JSON object; members that are not asked for are of no
// interest. Names are compared exactly, unlike encoding/json does with structs.
func members(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	var m map[string]json.RawMessage
	if err := d.Decode(&m); err != nil || m == nil || d.More() {
		return nil, errNotJSON
	}
	return m, nil
}

// text returns a member that is a string.
func text(m map[string]json.RawMessage, name string) string {
	var s *string
	if err := json.Unmarshal(m[name], &s); err != nil || s == nil {
		return ""
	}
	return *s
}

// startAnswer is what a start is answered with.
type startAnswer struct{ url, txid string }

// parseStart reads the answer to a start. errRefused says that the service
// gave an error text instead, which is for nobody's eyes here.
func parseStart(raw []byte) (startAnswer, error) {
	m, err := members(raw)
	if err != nil {
		return startAnswer{}, err
	}
	a := startAnswer{url: text(m, "url"), txid: text(m, "txid")}
	switch {
	case a.url != "" && a.txid != "":
		return a, nil
	case text(m, "Error") != "" || text(m, "error") != "":
		return startAnswer{}, errRefused
	}
	return startAnswer{}, errMember
}

// parseStatus reads the answer to a status query: the status as a number or a
// string, and when the payment began.
func parseStatus(raw []byte, zone *time.Location) (Status, error) {
	m, err := members(raw)
	if err != nil {
		return Status{}, err
	}
	value, there := m["status"]
	if !there {
		if text(m, "Error") != "" || text(m, "error") != "" {
			return Status{}, errRefused
		}
		return Status{}, errMember
	}
	number := string(value)
	if strings.HasPrefix(number, `"`) {
		number = text(m, "status")
	}
	code, ok := statusCode(number)
	if !ok {
		return Status{}, errMember
	}
	s := Status{Code: code, Timestamp: text(m, "timestamp")}
	if len(s.Timestamp) > maxField || !plain(s.Timestamp) {
		return Status{}, errMember
	}
	if at, err := time.ParseInLocation(timeLayout, s.Timestamp, zone); err == nil {
		s.StartedAt = at.UTC()
	}
	return s, nil
}

// timeLayout is how the service writes times, without a zone.
const timeLayout = "2006-01-02 15:04:05"

// statusCode reads 1, 0 and -1 and nothing else.
func statusCode(s string) (int, bool) {
	switch s {
	case "1", "0", "-1":
		n, err := strconv.Atoi(s)
		return n, err == nil
	}
	return 0, false
}
