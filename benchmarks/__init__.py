"""Measurements: each prints ratios against a named rival in the same run; none is a test.

`python -m benchmarks NAME [--size small|city|province]`, or `make bench ARGS="NAME --size …"`.
"""
