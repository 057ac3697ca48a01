package doctor

import (
	"fmt"
	"strconv"

	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

// This file is what there is to run on: the build, cores and memory.

func build(version string, m machine.Machine) Section {
	s := m.System
	if m.Kernel != "" {
		s += ", kernel " + m.Kernel
	}
	return Section{"outpace", []Finding{ok("version", version), ok("built with", m.Go), ok("system", s)}}
}

// cores says how many there are, and what takes some away.
func cores(m machine.Machine) Section {
	name := m.CPU
	if name == "" {
		name = "not known"
	}
	found := []Finding{ok("processor", name), ok("cores", strconv.Itoa(m.Online))}
	if m.Allowed < m.Online {
		found = append(found, note("affinity", fmt.Sprintf("%d of %d cores", m.Allowed, m.Online),
			"the affinity mask keeps others away: taskset, docker --cpuset-cpus, the queue's cores for a job"))
	} else {
		found = append(found, ok("affinity", "all cores"))
	}
	switch {
	case m.Quota == 0:
		found = append(found, ok("quota", "none"))
	case m.Quota < float64(m.Allowed):
		found = append(found, note("quota", fmt.Sprintf("%.4g cores, of the control group", m.Quota),
			"what computes is stopped for a part of each 100 ms: docker --cpus, limits.cpu of Kubernetes, CPUQuota= of systemd"))
	default:
		found = append(found, ok("quota", fmt.Sprintf("%.4g cores, of the control group", m.Quota)))
	}
	found = append(found, ok("used by a run", plural(m.Cores, "core")+", unless -j says otherwise"))
	switch {
	case m.Load < 0:
	case m.Load > float64(m.Online)/2:
		found = append(found, note("load", fmt.Sprintf("%.2f over the last minute", m.Load),
			"others compute too: what is measured now is slower than the machine"))
	default:
		found = append(found, ok("load", fmt.Sprintf("%.2f over the last minute", m.Load)))
	}
	return Section{"machine", found}
}

// roomy is what a worker with a few libraries takes: with less for each core
// memory narrows a run before the cores do.
const roomy = 100_000_000

// memorySection says what memory there is for as many workers as cores.
func memorySection(m machine.Memory, cores int) Section {
	if m.Total == 0 {
		return Section{"memory", []Finding{ok("machine", "not known")}}
	}
	found := []Finding{ok("machine", amount(m.Total))}
	if m.Limit > 0 {
		found = append(found, note("limit", amount(m.Limit)+", of the control group",
			"over it the kernel kills: --memory-limit with this divided by the workers has one input fail instead; or docker --memory, limits.memory, MemoryMax="))
	} else {
		found = append(found, ok("limit", "none"))
	}
	switch free := amount(m.Available) + " without swapping"; {
	case m.Available == 0 && m.Limit == 0: // not told
	case m.Available < int64(cores)*roomy:
		found = append(found, note("available", free, "workers that import much need more: fewer of them (-j), and --memory-limit"))
	default:
		found = append(found, ok("available", free))
	}
	switch used := m.Swap - m.SwapFree; {
	case m.Swap == 0:
		found = append(found, ok("swap", "none"))
	case used > m.Swap/2:
		found = append(found, note("swap", fmt.Sprintf("%s of %s in use", amount(used), amount(m.Swap)), "what is swapped out runs slowly: end what is not needed, or fewer workers (-j)"))
	default:
		found = append(found, ok("swap", fmt.Sprintf("%s of %s in use", amount(used), amount(m.Swap))))
	}
	if m.Kills > 0 {
		found = append(found, note("killed", plural(int(m.Kills), "process")+" of this control group, by the kernel, for want of memory",
			"fewer workers (-j), or --memory-limit, so that only the input that takes too much fails"))
	}
	return Section{"memory", found}
}
