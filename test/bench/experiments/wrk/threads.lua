-- Each thread finds its number, from 0, in `number`.
local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end
