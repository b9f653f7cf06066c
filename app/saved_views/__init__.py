"""Saved views of lists: filters, order, page size and columns under a name, own or shared."""
