-- What harness/load.py reads: one line of JSON at the end of a run. What wrk counts as timeouts are the connections that it had
-- not got round to, as long as a run is shorter than its timeout.
function done(summary, latency)
	local errors = summary.errors
	io.write(string.format('{"per_second": %.1f, "p99_ms": %.3f, "requests": %d, "refused": %d, "broken": %d, "unserved": %d}\n',
		summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000, summary.requests, errors.status,
		errors.connect + errors.read + errors.write, errors.timeout))
end
