"""The fourteen steps as data, their order, gates and deadlines."""
