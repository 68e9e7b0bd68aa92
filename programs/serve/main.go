// Serve answers HTTP requests with a network's predictions, many at once.
package main

import (
	"encoding/json"
	"log"
	"net/http"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func main() {
	net, err := nn.Build(&nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 10}}, nn.Input(28, 28, 1))
	if err != nil {
		log.Fatal(err)
	}
	if err := net.Load("model.safetensors"); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /predict", predict(net))
	log.Fatal(http.ListenAndServe(":8080", nil))
}

func predict(net *nn.Net) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Shape []int
			Data  []float32
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		var out []float32
		err := net.Do(func(p *nn.Pass) error { // a bad shape is an error here, not a panic
			out = tensor.Data[float32](net.Forward(p, tensor.Of(in.Data, in.Shape...)).Softmax(-1))
			return nil
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		json.NewEncoder(w).Encode(out)
	}
}
