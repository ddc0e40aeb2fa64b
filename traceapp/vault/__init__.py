"""Persons, encrypted apart from everything else."""
