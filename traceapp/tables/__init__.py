"""Tables that people bring along, CSV and XLSX: rows one by one, columns by their titles, cells as values. Pure."""
