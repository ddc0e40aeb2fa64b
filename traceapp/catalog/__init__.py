"""Products with packaging levels, materials, recipes, parties, sites."""
