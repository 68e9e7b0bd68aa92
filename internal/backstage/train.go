package backstage

// Standing is how far a run had come at its newest checkpoint.
type Standing struct {
	Step     int
	PerEpoch int      // steps an epoch has
	Log      int64    // bytes of the log of events that belong to it
	Warnings []string // what is damaged and passed over
}

// Train is train's door: N is nn.Net.
type Train[N any] interface {
	// Look reads the newest sound checkpoint of the fit in a run's folder,
	// which may be training: it takes no lock and writes nothing. found is false
	// if there is none. Unless net is nil it gets the weights.
	Look(dir string, net *N) (at Standing, found bool, err error)
}

var trainDoor any

// RegisterTrain is called once, by package train.
func RegisterTrain[N any](d Train[N]) { trainDoor = d }

// OpenTrain returns train's door.
func OpenTrain[N any]() Train[N] { return trainDoor.(Train[N]) }
