dofile("test/bench/experiments/wrk/report.lua")
