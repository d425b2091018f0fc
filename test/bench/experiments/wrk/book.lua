-- POST a booking of one ticket: as another person each time, with a key of its own. Argument: a file with access tokens.
dofile("test/bench/experiments/wrk/report.lua")
dofile("test/bench/experiments/wrk/threads.lua")

function init(arguments)
	tokens = {}
	for token in io.lines(arguments[1]) do
		table.insert(tokens, token)
	end
	made = 0
	prefix = string.format("%s-%d-", arguments[2], number)
end

function request()
	made = made + 1
	return wrk.format("POST", nil, {
		["Authorization"] = "Bearer " .. tokens[(made * 2 + number) % #tokens + 1],
		["Content-Type"] = "application/json",
		["Idempotency-Key"] = prefix .. made,
	}, '{"quantity":1}')
end
