package pmpayment

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestHashVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		values []string
		want   string
	}{
		{"six values", []string{"03404000", "4250", "URKUNDE", "Geburtsurkunde 2026-000123", "https://portal.example.org/notify?id=1", "https://portal.example.org/return?id=1"},
			"3e58133aeab7dcbb5a091501951a305f46dc6dd1360b541365d94c76d48c51ad"},
		{"eight values", []string{"03404000", "4250", "URKUNDE", "Geburtsurkunde 2026-000123", "KZ4711;HH1.2200.1000", "URK.20260101120000000.7f3c", "https://portal.example.org/notify?id=1", "https://portal.example.org/return?id=1"},
			"d44851b85cec7ab678d253775539a8857076d7ecd7e20ecddc02b8ceedd16b86"},
		{"return", []string{"03404000", "URK.20260101120000000.7f3c", "4250", "Geburtsurkunde 2026-000123", "1", "paypal", "2026-01-01 12:00:05"},
			"f66a2d820a339b7ba5ad116763395e28e2ae1441a1ab76a5438ce532cd234276"},
		{"return of an aborted payment", []string{"03404000", "URK.20260101120000000.7f3c", "4250", "Geburtsurkunde 2026-000123", "0", "", "2026-01-01 12:00:05"},
			"6b34e4dec7506358a8db9800dd80ddb3719415950e1676cad5a8f5c0811e1281"},
	}
	for _, tt := range tests {
		got := hashOf("demo-salt-0001", tt.values)
		if got != tt.want || !sameHash(tt.want, got) {
			t.Errorf("%s: %s", tt.name, got)
		}
		if sameHash(strings.ToUpper(tt.want), got) || sameHash(tt.want, "") {
			t.Errorf("%s: a wrong hash is taken", tt.name)
		}
	}
}

func TestParseStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		raw       string
		url, txid string
		err       error
	}{
		{`{"url":"https://x.example/p","txid":"t1"}`, "https://x.example/p", "t1", nil},
		{`{"txid":"t1","url":"https://x.example/p","new":{"a":[1]}}`, "https://x.example/p", "t1", nil},
		{`{"Error":"ungültiger Hashwert"}`, "", "", errRefused},
		{`{"url":"https://x.example/p"}`, "", "", errMember},
		{`{"URL":"https://x.example/p","TXID":"t1"}`, "", "", errMember},
		{`{"url":["https://x.example/p"],"txid":1}`, "", "", errMember},
		{`{"url":null,"txid":"t1"}`, "", "", errMember},
		{`{"url":"https://x.example/p","txid":"t1"} {}`, "", "", errNotJSON},
		{`<!DOCTYPE html>`, "", "", errNotJSON},
		{`null`, "", "", errNotJSON},
		{`[]`, "", "", errNotJSON},
		{``, "", "", errNotJSON},
	}
	for _, tt := range tests {
		got, err := parseStart([]byte(tt.raw))
		if !errors.Is(err, tt.err) || got.url != tt.url || got.txid != tt.txid {
			t.Errorf("%s: %+v, %v", tt.raw, got, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	winter := time.Date(2026, 1, 1, 11, 0, 5, 0, time.UTC)
	summer := time.Date(2026, 7, 1, 10, 0, 5, 0, time.UTC)
	tests := []struct {
		raw  string
		want Status
		err  error
	}{
		{`{"status":1,"timestamp":"2026-01-01 12:00:05"}`, Status{1, "2026-01-01 12:00:05", winter}, nil},
		{`{"status":"1","timestamp":"2026-07-01 12:00:05"}`, Status{1, "2026-07-01 12:00:05", summer}, nil},
		{`{"status":0}`, Status{Code: 0}, nil},
		{`{"status":"-1","more":true}`, Status{Code: -1}, nil},
		{`{"status":-1,"timestamp":"gestern"}`, Status{Code: -1, Timestamp: "gestern"}, nil},
		{`{"status":1,"timestamp":1767265205}`, Status{Code: 1}, nil},
		{`{"status":1.0}`, Status{}, errMember},
		{`{"status":"01"}`, Status{}, errMember},
		{`{"status":true}`, Status{}, errMember},
		{`{"status":2}`, Status{}, errMember},
		{`{"status":null}`, Status{}, errMember},
		{`{"status":"paid"}`, Status{}, errMember},
		{`{"status":11}`, Status{}, errMember},
		{`{"status":1,"timestamp":"2026\u0000"}`, Status{}, errMember},
		{`{"Status":1}`, Status{}, errMember},
		{`{"Error":"unbekannt"}`, Status{}, errRefused},
		{`1`, Status{}, errNotJSON},
		{`<html>`, Status{}, errNotJSON},
		{`{"status":1`, Status{}, errNotJSON},
	}
	for _, tt := range tests {
		got, err := parseStatus([]byte(tt.raw), berlin)
		if !errors.Is(err, tt.err) || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.raw, got, err)
		}
	}
}

func FuzzStartAnswer(f *testing.F) {
	for _, s := range []string{`{"url":"https://x.example/p","txid":"t1"}`, `{"Error":"x"}`, `<html>`, `{"url":1}`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := parseStart(raw)
		if err == nil && (a.url == "" || a.txid == "") {
			t.Errorf("%q: taken without url or txid", raw)
		}
		if err != nil && a != (startAnswer{}) {
			t.Errorf("%q: error with values", raw)
		}
	})
}

func FuzzStatus(f *testing.F) {
	for _, s := range []string{`{"status":1,"timestamp":"2026-01-01 12:00:05"}`, `{"status":"-1"}`, `{"status":1e0}`, `<html>`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseStatus(raw, time.UTC)
		if err != nil && s != (Status{}) {
			t.Errorf("%q: error with values", raw)
		}
		if err == nil && (s.Code < -1 || s.Code > 1 || !plain(s.Timestamp)) {
			t.Errorf("%q: %+v", raw, s)
		}
	})
}
