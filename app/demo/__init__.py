"""Made-up companies for trying, testing and measuring; see docs/demo.md."""
