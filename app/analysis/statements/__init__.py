"""Set-based statements of the analysis: what a step reads or writes, one SELECT per result."""
