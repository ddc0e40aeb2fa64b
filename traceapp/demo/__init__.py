"""Demonstration data: two years of one maker's life, told through the product's own services."""
