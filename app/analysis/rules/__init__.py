"""The analysis rules: pure functions over plain values. They specify, the statements execute."""
