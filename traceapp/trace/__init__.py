"""Events, lots, holds, genealogy, production, inspections, shipments."""
