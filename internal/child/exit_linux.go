package child

// noWait is WNOWAIT: leave the process to be waited for.
const noWait = 0x01000000
