"""One field for everything: customers, products, pages, territories and people."""
