-- A hold of some seats in Redis: all or none, gone by itself after ARGV[2] milliseconds.
for _, seat in ipairs(KEYS) do
	if redis.call('EXISTS', seat) == 1 then
		return 0
	end
end
for _, seat in ipairs(KEYS) do
	redis.call('SET', seat, ARGV[1], 'PX', ARGV[2])
end
return 1
