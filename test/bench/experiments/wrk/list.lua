-- Lists of 20 events with one of 1,400 sets of filters, another each time. Argument: the path.
dofile("test/bench/experiments/wrk/report.lua")
dofile("test/bench/experiments/wrk/threads.lua")

function init(arguments)
	targets = {}
	for city = 0, 49 do
		for kind = 0, 6 do
			for _, sort in ipairs({"start_datetime", "price"}) do
				for _, order in ipairs({"asc", "desc"}) do
					table.insert(targets, wrk.format("GET",
						string.format("%s?city=City%%20%d&type=type%d&sort=%s&order=%s&limit=20", arguments[1], city, kind, sort, order)))
				end
			end
		end
	end
	made = 0
end

function request()
	made = made + 1
	return targets[(made * 2 + number) * 577 % #targets + 1]
end
