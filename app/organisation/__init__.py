"""Companies, departments 市场部, territories 片区, their assignments and the people."""
