package outpace

// State is where a task stands.
type State uint8

// The states of a future. Done, Failed and Cancelled are final: a future never
// leaves them.
//
//	| what happens          | Pending                         | Running                                    | final   |
//	|-----------------------|---------------------------------|--------------------------------------------|---------|
//	| a worker takes it     | Running                         | –                                          | nothing |
//	| a task waits for it   | Running, in the waiter's slot   | nothing                                    | nothing |
//	| the function returns  | –                               | Done; Failed; Pending when it is retried   | nothing |
//	| its worker is lost    | –                               | Pending (a suspect or retried); Failed     | nothing |
//	| its time-out is over  | –                               | context cancelled, or worker killed; Failed| nothing |
//	| Cancel                | Cancelled                       | context cancelled; Cancelled when it ends with an error, else Done | nothing |
//	| the executor closes   | Cancelled (ErrClosed)           | as Cancel, the cause is ErrClosed          | nothing |
const (
	Pending   State = iota // waits for a worker, or for the back-off before a retry
	Running                // runs on a worker
	Done                   // has a value
	Failed                 // has an error
	Cancelled              // was cancelled before it ended by itself
)

// String returns the state's name in lower case.
func (s State) String() string {
	names := [...]string{"pending", "running", "done", "failed", "cancelled"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// settling is the moment between Running and a final state in which the value
// is written; seen from outside it is still Running.
const settling State = 7

// The state word of a task: its State in the low 3 bits, the request to cancel
// in the next, then a mark that is used for a moment (see unique), and its
// attempts above.
const (
	stateMask   = 7
	cancelAsked = 1 << 3
	marked      = 1 << 4
	attemptUnit = 1 << 5
)
