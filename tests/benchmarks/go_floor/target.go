package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	totalTimeout = 20 * time.Second
	maxBody      = 64 << 10
)

type answer int

const (
	taken answer = iota
	refused
	again
)

// target is the contact list, behind as many keep-alive connections as there are requests in flight.
type target struct {
	client *http.Client
	url    string
	user   string
	key    string
}

func newTarget(concurrency int) (*target, error) {
	transport := &http.Transport{
		MaxIdleConns:        concurrency,
		MaxIdleConnsPerHost: concurrency,
		MaxConnsPerHost:     concurrency,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}
	if file := os.Getenv("CLICKSEND_CA_FILE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("CLICKSEND_CA_FILE holds no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &target{
		client: &http.Client{Transport: transport, Timeout: totalTimeout},
		url:    fmt.Sprintf("%s/lists/%s/contacts", os.Getenv("CLICKSEND_BASE_URL"), os.Getenv("CLICKSEND_LIST_ID")),
		user:   os.Getenv("CLICKSEND_USERNAME"),
		key:    os.Getenv("CLICKSEND_API_KEY"),
	}, nil
}

// post sends a contact once. The duration is the answer's Retry-After.
func (t *target) post(payload []byte) (answer, time.Duration) {
	request, err := http.NewRequest(http.MethodPost, t.url, bytes.NewReader(payload))
	if err != nil {
		return refused, 0
	}
	request.SetBasicAuth(t.user, t.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := t.client.Do(request)
	if err != nil {
		return again, 0
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return again, 0
	}
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500 {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return again, time.Duration(seconds) * time.Second
	}
	var said struct {
		Code string `json:"response_code"`
	}
	if json.Unmarshal(body, &said) != nil {
		return again, 0
	}
	if response.StatusCode >= 300 || said.Code != "SUCCESS" {
		return refused, 0
	}
	return taken, 0
}
