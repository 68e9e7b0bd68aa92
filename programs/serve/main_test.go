package main

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/nn"
)

func TestPredict(t *testing.T) {
	net, err := nn.Build(&nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 10}}, nn.Input(2, 2, 1), nn.Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(predict(net))
	defer server.Close()
	post := func(body string) (int, string) {
		r, err := server.Client().Post(server.URL, "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer r.Body.Close()
		var answer json.RawMessage
		json.NewDecoder(r.Body).Decode(&answer)
		return r.StatusCode, string(answer)
	}
	const good = `{"shape": [1, 2, 2, 1], "data": [0, 1, 2, 3]}`
	status, want := post(good)
	var shares []float64
	if err := json.Unmarshal([]byte(want), &shares); status != 200 || err != nil || len(shares) != 10 {
		t.Fatalf("got status %d, %s", status, want)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if status, got := post(good); status != 200 || got != want {
				t.Errorf("at the same time: status %d, %s; want %s", status, got, want)
			}
		})
	}
	all.Wait()
	for body, want := range map[string]int{
		`{"shape": [1, 3], "data": [0, 1, 2]}`:       422, // not what the network takes
		`{"shape": [1, 2, 2, 1], "data": [0, 1, 2]}`: 422, // not as many as the shape says
		`no JSON`: 400,
	} {
		if status, _ := post(body); status != want {
			t.Errorf("%s: status %d, want %d", body, status, want)
		}
	}
}
