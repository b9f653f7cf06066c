"""Prerequisites §1.1–1.4: customers, products, category tree, sales, calendar, catalogues."""
