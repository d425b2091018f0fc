-- POST a change of availability by another service. Argument: its API key.
dofile("test/bench/experiments/wrk/report.lua")

function init(arguments)
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
	wrk.headers["X-Internal-API-Key"] = arguments[1]
	wrk.body = '{"quantity":-1}'
end
