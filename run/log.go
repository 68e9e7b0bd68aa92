package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"strconv"
)

// Log appends events to a file, one JSON object a line. One goroutine uses it
// at a time.
type Log struct {
	Missing int64 // bytes that OpenLog should have kept, and which were not there

	file *os.File
	size int64
	line bytes.Buffer
	enc  *json.Encoder
}

// OpenLog opens a log to append to, and makes it if it is not there. What lies
// beyond at bytes is cut off, so that a resumed run does not log the same twice:
// at is what [Log.Size] said when the checkpoint was written, or −1 to keep
// all. The last line of a killed process may be torn, any may be damaged: from
// there on lines go, and Missing says how many bytes at counts more.
func OpenLog(file string, at int64) (*Log, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("run: log: %w", err)
	}
	end, err := soundLines(f, at)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("run: log %q: %w", file, err)
	}
	l := &Log{Missing: max(0, at-end), file: f, size: end}
	l.enc = json.NewEncoder(&l.line)
	l.enc.SetEscapeHTML(false)
	return l, nil
}

// soundLines returns where the last sound line ends within the first at bytes,
// or −1 for all.
func soundLines(f io.Reader, at int64) (end int64, err error) {
	if at < 0 {
		at = math.MaxInt64
	}
	lines := bufio.NewReader(io.LimitReader(f, at))
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil || !isObject(line) {
			return end, err
		}
		end += int64(len(line))
	}
}

// isObject tells whether a line is a JSON object.
func isObject(line []byte) bool { return len(line) > 0 && line[0] == '{' && json.Valid(line) }

// Append writes event as one line, at once, so that who follows the file sees
// it. It is an error if event does not make a JSON object.
func (l *Log) Append(event any) error {
	l.line.Reset()
	if err := l.enc.Encode(event); err != nil { // a line break included
		return fmt.Errorf("run: log: %w", err)
	}
	if l.line.Bytes()[0] != '{' {
		return fmt.Errorf("run: log: %T makes %q, want a JSON object", event, l.line.String())
	}
	n, err := l.file.Write(l.line.Bytes())
	if err != nil {
		// Leave no torn line behind for the next to continue.
		err = errors.Join(err, l.file.Truncate(l.size))
		_, seekErr := l.file.Seek(l.size, io.SeekStart)
		return fmt.Errorf("run: log: %w", errors.Join(err, seekErr))
	}
	l.size += int64(n)
	return nil
}

// Size returns the log's length in bytes: what to note in a checkpoint.
func (l *Log) Size() int64 { return l.size }

// Sync makes what was written durable. Call it before a checkpoint that notes
// Size.
func (l *Log) Sync() error { return l.file.Sync() }

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// maxLine bounds a line of a log, in bytes.
const maxLine = 16 << 20

// Events loops over the lines of a log, each a JSON object, valid until the
// next. A last line that is torn, because it is being written or its process
// was killed, is passed over; any other line that is no object is an error,
// which comes last. A log that is not there has no lines.
func Events(file string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, fmt.Errorf("run: log: %w", err))
			return
		}
		defer f.Close()
		if err := events(f, yield); err != nil {
			yield(nil, fmt.Errorf("run: log %q: %w", file, err))
		}
	}
}

func events(r io.Reader, yield func(json.RawMessage, error) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	lines.Split(endedLines)
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		if !isObject(line) {
			return fmt.Errorf("line %d is no JSON object: %.40q", n, line)
		}
		if !yield(line, nil) {
			return nil
		}
	}
	return lines.Err()
}

// endedLines splits off lines that end; a last one that does not is left out.
func endedLines(b []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1, b[:i], nil
	}
	if atEOF {
		return len(b), nil, nil
	}
	return 0, nil, nil
}

// Number is a float64 that JSON can hold whatever it is: NaN and the
// infinities, which a diverged run logs, become the strings "NaN", "+Inf" and
// "-Inf".
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte(strconv.Quote(strconv.FormatFloat(v, 'g', -1, 64))), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"NaN"`:
		*n = Number(math.NaN())
	case `"+Inf"`:
		*n = Number(math.Inf(1))
	case `"-Inf"`:
		*n = Number(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float64)(n))
	}
	return nil
}
