package cli

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// item is a result of map: JSON in, JSON out.
type item = outpace.Item[json.RawMessage, json.RawMessage]

// span is several of them that need no records.
type span = outpace.Span[json.RawMessage, json.RawMessage]

// appendRecord appends the record of an item, which failed with fault if it did;
// docs/cli.md has its schema.
func appendRecord(b []byte, it *item, fault ui.Fault) []byte {
	b = append(b, `{"index":`...)
	b = strconv.AppendInt(b, int64(it.Index), 10)
	b = append(b, `,"input":`...)
	b = append(b, it.Input...)
	if it.Err == nil {
		b = append(b, `,"ok":true,"value":`...)
		b = append(b, it.Value...)
	} else {
		b = append(b, `,"ok":false,"error":`...)
		b = append(b, ui.Marshal(fault)...)
	}
	b = append(b, `,"attempts":`...)
	b = strconv.AppendInt(b, int64(it.Attempts), 10)
	b = appendSeconds(append(b, `,"wall_s":`...), it.Wall)
	b = appendSeconds(append(b, `,"cpu_s":`...), it.CPU)
	b = append(b, `,"worker":`...)
	b = strconv.AppendInt(b, int64(it.Worker), 10)
	return append(b, '}')
}

// appendSeconds appends a time, or null for one that was not measured.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, d.Seconds(), 'f', -1, 64)
}

// isResult reports whether a record is that of a result.
func isResult(record []byte) bool {
	var of struct{ OK bool }
	return json.Unmarshal(record, &of) == nil && of.OK
}
