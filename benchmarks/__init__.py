"""Measurements beside named rivals in the same run; none is a test.

`make bench` runs all, `make bench ARGS="NAME --size small|city|province --rounds 3"` one. Each job
is a file here and a row of `registry.BENCHMARKS`; `harness` runs it, `child` holds the clock.
"""
